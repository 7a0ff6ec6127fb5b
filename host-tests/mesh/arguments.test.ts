// Command lines of `mesh` as people type them.
import { describe, expect, it } from 'vitest';
import { arrangeMeshArguments } from '../../cli/mesh/arguments.ts';

const arranged = (line: string): string => arrangeMeshArguments(line.split(' ')).join(' ');

describe('options in front of the command that they are of', () => {
  it.each([
    ['mesh --mesh two up --bare', 'mesh up --mesh two --bare'],
    ['mesh --mesh=two status', 'mesh status --mesh=two'],
    ['mesh kubectl -n foo get pods', 'mesh kubectl get -n foo pods'],
    [
      'mesh kubectl --namespace=foo get pods -o wide',
      'mesh kubectl get --namespace=foo pods -o wide',
    ],
    ['mesh --mesh two kubectl -n foo get pods', 'mesh kubectl get --mesh two -n foo pods'],
    ['mesh kubectl -n foo exec sleep env', 'mesh kubectl exec -n foo sleep -- env'],
  ])('%s', (typed, meant) => {
    expect(arranged(typed)).toBe(meant);
  });
});

describe('a command to run without dashes', () => {
  it.each([
    ['mesh exec sleep.foo curl -s http://httpbin', 'mesh exec sleep.foo -- curl -s http://httpbin'],
    ['mesh exec sleep -n foo -c sleep curl -n x', 'mesh exec sleep -n foo -c sleep -- curl -n x'],
    ['mesh exec -it sleep.foo sh', 'mesh exec -it sleep.foo -- sh'],
    ['mesh exec --namespace=foo sleep env', 'mesh exec --namespace=foo sleep -- env'],
  ])('%s', (typed, meant) => {
    expect(arranged(typed)).toBe(meant);
  });
});

it.each([
  'mesh exec sleep.foo -- curl -n foo',
  'mesh exec sleep.foo',
  'mesh apply -n foo -f -',
  'mesh --mesh two',
  'mesh --help',
  'mesh kubectl',
  'mesh',
  'lint -n foo x.yaml',
  'render envoy --mesh two exec a b',
])('is left as it is: %s', (line) => {
  expect(arranged(line)).toBe(line);
});
