// What YAML lets pass, and kubectl reads otherwise than it looks: kubectl's reader follows YAML 1.1 in what a word stands for
// (sigs.k8s.io/yaml), and JSON has names that are strings alone.
import { type Node, type Scalar, isMap, isScalar } from 'yaml';
import type { Code } from './lint/codes.ts';
import type { Edit } from './lint/edits.ts';
import { quoted } from './lint/fix.ts';
import { nameOf } from './place.ts';
import { walk } from './walk.ts';

/** One of them. */
export interface Trap {
  offset: number;
  code: Code;
  message: string;
  fix?: Edit[];
}

const TRUES = /^(y|Y|yes|Yes|YES|on|On|ON)$/;
const FALSES = /^(n|N|no|No|NO|off|Off|OFF)$/;
const OCTAL = /^[-+]?0[0-7_]+$/;
const BINARY = /^[-+]?0b[01_]+$/;
const GROUPED = /^[-+]?(0x)?[0-9a-fA-F][0-9a-fA-F_]*(\.[0-9_]*)?$/;

/** Every trap in a resource. */
export function trapsOf(root: Node, text: string): Trap[] {
  const traps: Trap[] = [];
  walk(root, {
    alias: (node) => {
      traps.push({
        offset: node.range?.[0] ?? 0,
        code: 'PC0004',
        message: 'aliases are not allowed in a policy',
      });
    },
    map: (map) => {
      const seen = new Set<string>();
      for (const pair of map.items) {
        const key = pair.key as Node;
        const offset = key.range?.[0] ?? map.range?.[0] ?? 0;
        const name = nameOf(pair);
        if (name === undefined || !['string', 'number'].includes(typeof keyValue(key))) {
          traps.push({ offset, code: 'PC0009', message: 'the name of a field must be a string' });
        } else if (seen.has(name)) {
          // `80` and "80" are different keys in YAML, and one name in JSON.
          traps.push({ offset, code: 'PC0002', message: 'Map keys must be unique' });
        }
        if (name !== undefined) seen.add(name);
      }
    },
    scalar: (node, isKey) => {
      if (typeof node.value === 'string' && !node.value.isWellFormed()) {
        const message = 'half of a surrogate pair is no character';
        traps.push({ offset: node.range?.[0] ?? 0, code: 'PC0012', message });
      }
      if (node.type !== 'PLAIN') return;
      const trap = trapIn(node, text);
      // A name that reads as a number is one all the same: there it counts how it is written.
      if (trap !== undefined) traps.push(trap);
      else if (isKey && typeof node.value === 'number' && !isAsWritten(node, text)) {
        traps.push({
          offset: node.range?.[0] ?? 0,
          code: 'PC0009',
          message: `this name reads as ${node.value}; quote it`,
          ...mended(node, text),
        });
      }
    },
  });
  return traps;
}

function keyValue(key: Node): unknown {
  return isScalar(key) ? key.value : isMap(key) ? key : undefined;
}

/** What a plain word stands for in kubectl's reader, where that is something else than here. */
function trapIn(node: Scalar, text: string): Trap | undefined {
  const written = wordOf(node, text);
  const offset = node.range?.[0] ?? 0;
  if (typeof node.value === 'number' && !Number.isFinite(node.value)) {
    return {
      offset,
      code: 'PC0010',
      message: `JSON has no number for ${written}; quote it if it is a string`,
    };
  }
  const read = TRUES.test(written)
    ? 'true'
    : FALSES.test(written)
      ? 'false'
      : OCTAL.test(written) && typeof node.value === 'number'
        ? 'an octal number'
        : isNumberInYaml11(written, node.value)
          ? 'a number'
          : undefined;
  if (read === undefined) return undefined;
  return {
    offset,
    code: 'PC0005',
    message: `kubectl reads ${written} as ${read}; quote it, or write what it reads`,
    ...mended(node, text),
  };
}

function mended(node: Scalar, text: string): Pick<Trap, 'fix'> {
  const fix = quoted(node, text);
  return fix === undefined ? {} : { fix };
}

function isNumberInYaml11(written: string, value: unknown): boolean {
  if (typeof value !== 'string') return false;
  return BINARY.test(written) || (written.includes('_') && GROUPED.test(written));
}

function isAsWritten(node: Scalar, text: string): boolean {
  return String(node.value) === wordOf(node, text);
}

function wordOf(node: Scalar, text: string): string {
  return text.slice(node.range?.[0] ?? 0, node.range?.[1] ?? 0);
}
