// A relay in the path of a workload's port: what passes is seen as it is on the wire, where tcpdump is not there or not permitted.
import { type AddressInfo, type Server, type Socket, connect, createServer } from 'node:net';
import { listen, portOf } from '../apps/listen.ts';
import type { Address } from '../config/types.ts';

/** A piece of bytes on its way. */
export interface Packet {
  from: string;
  to: string;
  bytes: Buffer;
}

export class Relay {
  private readonly server: Server;
  private readonly sockets = new Set<Socket>();

  private constructor(server: Server) {
    this.server = server;
  }

  /**
   * Passes connections to a free port of `address` on to the target, and tells what passes. `keepsClients`: the target sees the
   * client's own address, which works in the loopback network.
   */
  static async start(
    target: Address,
    address: string,
    keepsClients: boolean,
    seen: (packet: Packet) => void,
  ): Promise<Relay> {
    const server = createServer();
    const relay = new Relay(await listen(server, 0, address));
    server.on('connection', (client) => relay.join(client, target, keepsClients, seen));
    return relay;
  }

  get address(): Address {
    const { address } = this.server.address() as AddressInfo;
    return { address, port: portOf(this.server) };
  }

  /** Takes no more connections; those that are there go on until they end. */
  stop(): void {
    this.server.close();
  }

  private join(
    client: Socket,
    target: Address,
    keepsClients: boolean,
    seen: (packet: Packet) => void,
  ): void {
    const upstream = connect({
      host: target.address,
      port: target.port,
      localAddress: keepsClients ? client.remoteAddress : undefined,
    });
    const names = {
      client: `${client.remoteAddress}.${client.remotePort}`,
      target: `${target.address}.${target.port}`,
    };
    this.pass(client, upstream, (bytes) => seen({ from: names.client, to: names.target, bytes }));
    this.pass(upstream, client, (bytes) => seen({ from: names.target, to: names.client, bytes }));
  }

  private pass(from: Socket, to: Socket, seen: (bytes: Buffer) => void): void {
    this.sockets.add(from);
    from.on('data', (bytes: Buffer) => {
      seen(bytes);
      if (!to.write(bytes)) from.pause();
    });
    to.on('drain', () => from.resume());
    from.on('end', () => to.end());
    // A reset stays a reset.
    from.on('error', () => to.resetAndDestroy());
    from.on('close', () => this.sockets.delete(from));
  }
}

/** A packet as `tcpdump -A` shows it, without the headers below it. */
export function packetText({ from, to, bytes }: Packet, now: Date): string {
  const time = now.toISOString().slice(11, 23);
  const text = bytes.toString('latin1').replace(/[^\x20-\x7e\r\n\t]/g, '.');
  return `${time} IP ${from} > ${to}: length ${bytes.length}\n${text}\n`;
}

/** The first bytes of a packet, as hexadecimal pairs: a TLS record begins with 16 (handshake) or 17 (application data). */
export function firstBytes({ bytes }: Packet): string {
  return [...bytes.subarray(0, 16)].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
}
