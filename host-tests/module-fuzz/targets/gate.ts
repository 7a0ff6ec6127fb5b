// The shipped module with one configuration in the Node host: for inputs that come with requests.
import { readFileSync } from 'node:fs';
import type { Connection, HttpStream } from '../../../host/contexts.ts';
import { nodePlatform } from '../../../host/node-platform.ts';
import type { Pair } from '../../../host/pairs.ts';
import { type Plugin, Process } from '../../../host/process.ts';
import { type Input, type Target } from '../target.ts';

const MODULE = new WebAssembly.Module(readFileSync('build/portcullis.wasm'));

/** A plugin that can be made again after a trap. */
export class Gate {
  process!: Process;
  private plugin!: Plugin;
  private readonly configuration: object;
  private readonly clusters: string[];

  constructor(configuration: object, clusters: string[] = []) {
    this.configuration = configuration;
    this.clusters = clusters;
    this.restart();
  }

  restart(): void {
    this.process = new Process({ platform: nodePlatform, clusters: this.clusters });
    const name = 'portcullis';
    const configuration = JSON.stringify(this.configuration);
    this.plugin = this.process.load(MODULE, { name, rootId: name, configuration });
    const errors = this.process.logs('error');
    if (errors.length > 0) throw new Error(errors.join('\n'));
  }

  /** A request, as far as it comes by itself. Throws where the module traps. */
  open(headers: Pair[], connection: Connection = {}): HttpStream {
    const stream = this.plugin.request(headers, { connection });
    this.check(stream);
    return stream!;
  }

  /** Its end. */
  close(stream: HttpStream): void {
    this.plugin.end(stream);
    this.check(stream);
    this.process.logLines.length = 0;
  }

  pages(): number {
    const memories = this.process.guests.map((guest) => guest.memoryBytes);
    return memories.reduce((sum, size) => sum + size / 65_536, 0);
  }

  private check(stream: HttpStream | undefined): void {
    const [trap] = this.process.traps;
    if (stream === undefined || stream.state === 'trapped' || trap !== undefined) {
      throw new WebAssembly.RuntimeError(trap ?? 'trap');
    }
  }
}

/** A target in front of which a gate stands. */
export function gateTarget(
  gate: Gate,
  options: Omit<Target, 'run' | 'pages' | 'restart' | 'seeds'> & {
    seeds: string[];
    check: (text: string) => number;
  },
): Target {
  const { check, seeds, ...rest } = options;
  return {
    ...rest,
    seeds: seeds.map((seed) => Buffer.from(seed, 'latin1')),
    run: ({ bytes, length }: Input) => check(bytes.toString('latin1', 0, length)),
    pages: () => gate.pages(),
    restart: () => gate.restart(),
  };
}

/** Lines `name: value` as headers: those that an HTTP codec would let through. */
export function headersOf(lines: string[]): Pair[] {
  return lines.flatMap((line): Pair[] => {
    const [, name, value] = /^([!#$%&'*+.^_`|~0-9a-z-]+): ?([^\0\r\n]*)$/i.exec(line) ?? [];
    return name === undefined ? [] : [[name.toLowerCase(), value!]];
  });
}
