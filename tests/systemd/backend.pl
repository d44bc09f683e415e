# An application on port 8080 of one address; that of 10.0.0.3 gives another answer.
use strict;
use warnings;
use IO::Socket::INET;

my $socket = IO::Socket::INET->new(LocalAddr => "$ARGV[0]:8080", Listen => 64, ReuseAddr => 1)
	or die "$ARGV[0]:8080: $!\n";
while (my $client = $socket->accept) {
	while (my $line = <$client>) {
		last if $line =~ /^\r?$/;
	}
	my $text = $ARGV[0] eq "10.0.0.3" ? "third\n" : "shop\n";
	print $client "HTTP/1.0 200 OK\r\nConnection: close\r\n\r\n$text";
	close $client;
}
