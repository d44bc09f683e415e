/*
 * A client of a service, written like those of Curator's users: it reads the instances of a service
 * with Apache Curator's own service discovery and prints a line for each.
 *
 *	java Lookup HOSTS BASE SERVICE
 */
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.retry.RetryOneTime;
import org.apache.curator.x.discovery.ServiceDiscovery;
import org.apache.curator.x.discovery.ServiceDiscoveryBuilder;
import org.apache.curator.x.discovery.ServiceInstance;

public final class Lookup {
	private static final int SESSION_MS = 4000;
	private static final int CONNECTION_MS = 30000;

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
				for (ServiceInstance<Void> i : discovery.queryForInstances(args[2]))
					System.out.println(i.getName() + " " + i.getId() + " "
						+ i.getAddress() + " " + i.getPort() + " "
						+ i.getSslPort() + " " + i.getServiceType() + " "
						+ i.getRegistrationTimeUTC() + " " + i.isEnabled());
			}
		}
	}
}
