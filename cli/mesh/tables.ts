// Resources as tables, with kubectl's columns.
import type { StoredResource } from '../../envoy/mesh/store.ts';

/** A resource to be shown. */
export interface Listed {
  kind: string;
  namespace: string;
  value: StoredResource;
  /** Workloads that a policy concerns: `name.namespace`. */
  appliesTo: string[];
}

type Column = [title: string, of: (listed: Listed) => string];

const POLICIES = ['PeerAuthentication', 'RequestAuthentication', 'AuthorizationPolicy'];

/** Columns between name and age, by kind. */
const COLUMNS: Record<string, Column[]> = {
  Pod: [
    ['READY', ({ value }) => ready(value)],
    ['STATUS', ({ value }) => String((value.status as { phase: string }).phase)],
  ],
  PeerAuthentication: [['MODE', ({ value }) => text(value, 'mtls', 'mode')]],
  AuthorizationPolicy: [['ACTION', ({ value }) => text(value, 'action')]],
  DestinationRule: [['HOST', ({ value }) => text(value, 'host')]],
  VirtualService: [
    ['GATEWAYS', ({ value }) => list(value, 'gateways')],
    ['HOSTS', ({ value }) => list(value, 'hosts')],
  ],
  Service: [
    [
      'PORT(S)',
      ({ value }) =>
        ((value.spec?.ports ?? []) as { port: number }[])
          .map(({ port }) => `${port}/TCP`)
          .join(','),
    ],
  ],
};

/** The table, a kind after the other. */
export function listTable(
  listed: Listed[],
  { wide, all, headers }: { wide: boolean; all: boolean; headers: boolean },
): string {
  const kinds = [...new Set(listed.map(({ kind }) => kind))];
  return kinds
    .map((kind) => {
      const columns: Column[] = [
        ...(all ? [['NAMESPACE', ({ namespace }: Listed) => namespace] as Column] : []),
        ['NAME', ({ value }) => value.metadata.name],
        ...(COLUMNS[kind] ?? []),
        ['AGE', ({ value }) => age(value.metadata.creationTimestamp)],
        ...(wide && POLICIES.includes(kind)
          ? [['APPLIES TO', ({ appliesTo }: Listed) => appliesTo.join(', ') || 'nobody'] as Column]
          : []),
        ...(wide && kind === 'Pod'
          ? [
              [
                'IP',
                ({ value }: Listed) => String((value.status as { podIP: string }).podIP),
              ] as Column,
            ]
          : []),
      ];
      const rows = listed
        .filter((one) => one.kind === kind)
        .map((one) => columns.map(([, of]) => of(one)));
      return table(headers ? [columns.map(([title]) => title), ...rows] : rows);
    })
    .join('\n');
}

/** Rows with columns that line up. */
export function table(rows: string[][]): string {
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => row[i]!.length)));
  return rows
    .map(
      (row) =>
        `${row
          .map((cell, i) => cell.padEnd(widths[i]!))
          .join('   ')
          .trimEnd()}\n`,
    )
    .join('');
}

function ready({ spec, status }: StoredResource): string {
  const { length } = spec?.containers as unknown[];
  const phase = (status as { phase: string }).phase;
  return `${phase === 'Running' ? length : 0}/${length}`;
}

function text({ spec }: StoredResource, ...path: string[]): string {
  let value: unknown = spec;
  for (const name of path) value = (value as Record<string, unknown> | undefined)?.[name];
  return typeof value === 'string' ? value : '';
}

function list({ spec }: StoredResource, name: string): string {
  return JSON.stringify(spec?.[name] ?? []);
}

/** How long ago, as kubectl says it. */
function age(timestamp: string): string {
  if (timestamp === '') return '';
  const seconds = Math.max(0, Math.floor((Date.now() - Date.parse(timestamp)) / 1000));
  if (seconds < 120) return `${seconds}s`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)}m`;
  return seconds < 172_800 ? `${Math.floor(seconds / 3600)}h` : `${Math.floor(seconds / 86_400)}d`;
}
