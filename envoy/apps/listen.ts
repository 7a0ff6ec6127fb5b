import { once } from 'node:events';
import type { AddressInfo, Server } from 'node:net';
import { EnvironmentError } from '../errors.ts';

/** Binds a server; port 0 takes a free one. Throws EnvironmentError with the address when it is in use. */
export async function listen<S extends Server>(
  server: S,
  port: number,
  address: string,
): Promise<S> {
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
