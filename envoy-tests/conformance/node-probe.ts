// The probe in the Node host.
import { readFileSync } from 'node:fs';
import { nodePlatform } from '../../host/node-platform.ts';
import type { HttpStream } from '../../host/contexts.ts';
import type { Pair } from '../../host/pairs.ts';
import { type Plugin, Process } from '../../host/process.ts';
import {
  BACKEND,
  DEAD,
  type Exchange,
  NODE,
  PROBE,
  type ProbeHost,
  backendAnswer,
  outcomeOf,
} from './probe-host.ts';

export class NodeProbe implements ProbeHost {
  private readonly process = new Process({
    platform: nodePlatform,
    workers: 1,
    node: NODE,
    clusters: [BACKEND, DEAD],
    logLevel: 'warn',
  });
  private plugin: Plugin | undefined;
  private read = 0;
  private readonly open_ = new Set<HttpStream>();

  async configure(configuration: string): Promise<boolean> {
    await Promise.resolve();
    if (this.plugin !== undefined) return this.plugin.update(configuration);
    this.plugin = this.process.load(new WebAssembly.Module(readFileSync('build/probe.wasm')), {
      name: PROBE,
      rootId: PROBE,
      configuration,
    });
    return this.plugin.inForce;
  }

  open(commands: string, headers: string[] = []): Exchange {
    const more = headers.flatMap((name, i): Pair[] =>
      i % 2 === 0 ? [[name, headers[i + 1] ?? '']] : [],
    );
    const stream = this.plugin!.request(
      [
        [':authority', 'probe'],
        [':path', '/'],
        [':method', 'GET'],
        [':scheme', 'http'],
        ['x-do', commands],
        ...more,
      ],
      { connection: { destinationPort: 0 } },
    );
    if (stream === undefined) return { outcome: FAILED, abort: () => {} };
    this.open_.add(stream);
    return {
      get outcome() {
        return outcomeOfStream(stream);
      },
      abort: () => this.end(stream),
    };
  }

  async settle(milliseconds = 150): Promise<void> {
    await Promise.resolve();
    for (let passed = 0; passed < milliseconds; passed += 10) {
      for (const stream of this.open_) if (stream.state !== 'paused') this.end(stream);
      for (const call of this.process.httpCalls) {
        const path = call.headers.find(([name]) => name === ':path')![1];
        const answer = backendAnswer(path);
        if (call.cluster === DEAD) call.fail('connection');
        else if (answer !== undefined) call.respond(answer);
      }
      this.process.advance(10);
    }
  }

  async lines(): Promise<string[]> {
    await Promise.resolve();
    const lines = this.process.logLines.slice(this.read);
    this.read += lines.length;
    const of = (worker: boolean): string[] =>
      lines
        .filter(({ thread, level }) => thread.startsWith('worker') === worker && level === 'warn')
        .map(({ message }) => `${worker ? 'worker' : 'main'}: ${message}`);
    return [...of(false), ...of(true)];
  }

  private end(stream: HttpStream): void {
    if (this.open_.delete(stream)) this.plugin!.end(stream);
  }
}

/** What Envoy answers for a VM that has trapped. */
const FAILED = outcomeOf(503, 'wasm_fail_stream', '');

function outcomeOfStream(stream: HttpStream): string {
  switch (stream.state) {
    case 'open':
    case 'paused':
      return 'pending';
    case 'continued': {
      const seen = stream.headers.filter(([name]) => name.startsWith('x-p'));
      return outcomeOf(200, 'via_upstream', seen.map((pair) => pair.join('=')).join(' '));
    }
    case 'replied':
      return outcomeOf(stream.reply!.status, stream.reply!.details, stream.reply!.body);
    case 'trapped':
      return FAILED;
    default:
      return 'gone';
  }
}
