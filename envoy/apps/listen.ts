import { once } from 'node:events';
import { Server as HttpServer } from 'node:http';
import { Server as HttpsServer } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import { EnvironmentError } from '../errors.ts';

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

/** The port that a server is bound to. */
export function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}
