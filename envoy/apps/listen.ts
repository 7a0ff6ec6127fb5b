import { once } from 'node:events';
import { Server as HttpServer } from 'node:http';
import { Server as HttpsServer } from 'node:https';
import type { AddressInfo, Server, Socket } from 'node:net';
import { EnvironmentError } from '../errors.ts';

/** The connections of a server, TLS handshakes that are under way included: of those `closeAllConnections` knows nothing. */
const connections = new WeakMap<Server, Set<Socket>>();

/**
 * Binds a server; port 0 takes a free one. Throws EnvironmentError with the address when it is in use. One that speaks HTTP leaves its
 * connections to the client: were it to end one that has been idle, as Node's do after 5 s, the next request of Envoy's pool could be on
 * its way there, and would get 503.
 */
export async function listen<S extends Server>(
  server: S,
  port: number,
  address: string,
): Promise<S> {
  if (server instanceof HttpServer || server instanceof HttpsServer) server.keepAliveTimeout = 0;
  if (!connections.has(server)) track(server);
  server.listen(port, address);
  try {
    await once(server, 'listening');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') {
      throw new EnvironmentError(`the address ${address}:${port} is in use by another program`);
    }
    throw error;
  }
  return server;
}

function track(server: Server): void {
  const open = new Set<Socket>();
  connections.set(server, open);
  server.on('connection', (socket: Socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  });
}

/** Stops a server that `listen` has bound, and ends its connections; resolves when nothing of it is left. */
export async function stopListening(server: Server): Promise<void> {
  if (!server.listening) return;
  const closed = once(server, 'close');
  server.close();
  for (const socket of connections.get(server) ?? []) socket.destroy();
  await closed;
}

/** The port that a server is bound to. */
export function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}
