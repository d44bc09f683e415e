# An application on port 8080 of one address: perl is on every Debian.
use strict;
use warnings;
use IO::Socket::INET;

my $socket = IO::Socket::INET->new(LocalAddr => "$ARGV[0]:8080", Listen => 64, ReuseAddr => 1)
	or die "$ARGV[0]:8080: $!\n";
while (my $client = $socket->accept) {
	while (my $line = <$client>) {
		last if $line =~ /^\r?$/;
	}
	print $client "HTTP/1.0 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nshop\n";
	close $client;
}
