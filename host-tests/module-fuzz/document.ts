// Changes of a document of JSON that leave it one.
import type { Random } from '../../envoy-tests/random/generator.ts';

type Container = Record<string, unknown> | unknown[];

const VALUES: unknown[] = [
  ...[
    null,
    true,
    false,
    0,
    -1,
    1.5,
    1e300,
    4_294_967_296,
    '',
    '*',
    'a',
    '\u0000',
    'é',
    [],
    {},
    [[]],
    [null],
  ],
  ...[
    '0.0.0.0/0',
    '::/0',
    '127.0.0.1',
    '1s',
    '-1s',
    '/{**}',
    '{*}',
    '*/a',
    'a*',
    'https://a/',
    'AQAB',
    'AA',
  ],
];
const MOST_CHANGES = 4;

/** The document with some of its values changed, taken from `other`, repeated or left out; as it is where it is none. */
export function changedDocument(seed: Buffer, other: Buffer, random: Random): Buffer {
  const root = parsed(seed);
  if (root === undefined) return seed;
  const theirs = valuesOf(parsed(other));
  for (let n = 1 + random.below(MOST_CHANGES); n > 0; n--) {
    change(random.pick(containersOf(root)), theirs, random);
  }
  return Buffer.from(JSON.stringify(root));
}

function change(container: Container, theirs: unknown[], random: Random): void {
  const value = structuredClone(
    theirs.length > 0 && random.oneIn(2) ? random.pick(theirs) : random.pick(VALUES),
  );
  if (Array.isArray(container)) {
    const at = random.below(container.length + 1);
    const count = random.below(2);
    if (random.oneIn(3)) container.splice(at, count);
    else container.splice(at, count, random.oneIn(4) ? structuredClone(container[0]) : value);
    return;
  }
  const names = Object.keys(container);
  if (names.length === 0) return;
  const name = random.pick(names);
  if (random.oneIn(4)) delete container[name];
  else if (random.oneIn(4)) container[random.pick(names)] = structuredClone(container[name]);
  else if (random.oneIn(6)) container[`${name}x`] = container[name];
  else container[name] = value;
}

function parsed(text: Buffer): Container | undefined {
  try {
    const value = JSON.parse(text.toString()) as unknown;
    return value !== null && typeof value === 'object' ? (value as Container) : undefined;
  } catch {
    return undefined;
  }
}

function containersOf(root: Container): Container[] {
  return [root, ...valuesOf(root).filter(isContainer)];
}

/** All values within. */
function valuesOf(value: unknown): unknown[] {
  if (!isContainer(value)) return [];
  return Object.values(value).flatMap((one: unknown) => [one, ...valuesOf(one)]);
}

function isContainer(value: unknown): value is Container {
  return value !== null && typeof value === 'object';
}
