/*
 * An application, written like those of Curator's users: it registers instances with Apache
 * Curator's own service discovery.
 *
 *	java Registrar HOSTS BASE SERVICE ADDRESS PORT...
 *
 * It registers one instance for each port, and prints "registered" once all are registered. A line
 * "close" on standard input, or the end of the input, closes the discovery. When the application is
 * killed, its instances stay until the session times out.
 */
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;

import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.retry.RetryOneTime;
import org.apache.curator.x.discovery.ServiceDiscovery;
import org.apache.curator.x.discovery.ServiceDiscoveryBuilder;
import org.apache.curator.x.discovery.ServiceInstance;
import org.apache.curator.x.discovery.UriSpec;

public final class Registrar {
	private static final int SESSION_MS = 4000;
	private static final int CONNECTION_MS = 30000;

	private static ServiceInstance<Void> instance(String service, String address, int port)
		throws Exception {
		return ServiceInstance.<Void>builder()
			.name(service)
			.address(address)
			.port(port)
			.uriSpec(new UriSpec("{scheme}://{address}:{port}"))
			.build();
	}

	private static void waitForWord() throws IOException {
		BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
		String line;

		do {
			line = in.readLine();
		} while (line != null && !line.equals("close"));
	}

	public static void main(String[] args) throws Exception {
		try (CuratorFramework client = CuratorFrameworkFactory.newClient(
			     args[0], SESSION_MS, CONNECTION_MS, new RetryOneTime(1000))) {
			client.start();
			client.blockUntilConnected();
			try (ServiceDiscovery<Void> discovery =
				     ServiceDiscoveryBuilder.builder(Void.class)
					     .client(client)
					     .basePath(args[1])
					     .build()) {
				discovery.start();
				for (int i = 4; i < args.length; i++)
					discovery.registerService(instance(
						args[2], args[3], Integer.parseInt(args[i])));
				System.out.println("registered");
				waitForWord();
			}
		}
	}
}
