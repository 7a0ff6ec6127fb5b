// `portcullis mesh report`: who still speaks plaintext, and who was refused.
import { setTimeout as sleep } from 'node:timers/promises';
import { Command, Option } from 'commander';
import { callControl } from '../../envoy/mesh/control.ts';
import type { PeerCount } from '../../envoy/mesh/server.ts';
import { meshFolder, meshOption } from './place.ts';
import { reportHtml } from './report-html.ts';
import { verdictOf } from './report-verdict.ts';
import { table } from './tables.ts';

/** Longer than the module keeps counts to itself, in milliseconds. */
const COUNTED_MS = 1500;

export function reportCommand(): Command {
  return new Command('report')
    .summary('who sent plaintext to which service, and who was refused')
    .description(
      "The list to work through before going STRICT, and whom it has refused since, from the module's own counters: who speaks to whom, over what.",
    )
    .addOption(
      new Option('-o, --output <format>', 'how it is written')
        .choices(['table', 'json', 'html'])
        .default('table'),
    )
    .addOption(meshOption())
    .addHelpText(
      'before',
      'Examples:\n  portcullis mesh report\n  portcullis mesh report -o html > report.html\n',
    )
    .action(async ({ mesh, output }: { mesh: string; output: 'table' | 'json' | 'html' }) => {
      const folder = meshFolder(mesh);
      let peers = await callControl<PeerCount[]>(folder, 'peers');
      if (peers.length === 0) {
        // What was counted last may be on its way.
        await sleep(COUNTED_MS);
        peers = await callControl<PeerCount[]>(folder, 'peers');
      }
      const sorted = peers.sort(
        (a, b) =>
          Number(b.security === 'plaintext') - Number(a.security === 'plaintext') ||
          a.workload.localeCompare(b.workload) ||
          a.source.localeCompare(b.source),
      );
      const text = { json: asJson, html: reportHtml, table: reportText }[output];
      process.stdout.write(text(sorted));
    });
}

function asJson(peers: PeerCount[]): string {
  return `${JSON.stringify(peers, null, 2)}\n`;
}

function reportText(peers: PeerCount[]): string {
  const { lines } = verdictOf(peers);
  if (peers.length === 0) return `${lines.join('\n')}\n`;
  const rows = peers.map(({ workload, port, security, source, requests, refused }) => [
    security,
    source,
    workload,
    String(port),
    String(requests),
    String(refused),
  ]);
  const header = ['SECURITY', 'SOURCE', 'WORKLOAD', 'PORT', 'REQUESTS', 'REFUSED'];
  return `${table([header, ...rows])}\n${lines.join('\n')}\n`;
}
