// A task page as steps: the commands of its fenced blocks, each with what the page prints below it.
import { spawnSync } from 'node:child_process';

/** A command of a page. */
export interface Step {
  /** Line of the page where it begins, from 1. */
  line: number;
  /** The headings that it stands under. */
  section: string;
  command: string;
  /** What the page prints; no lines: it prints nothing of interest. */
  expected: string[];
}

/** A block may begin within an item of a list. */
const FENCE = /^(\s*(?:[-*+]\s+)?)```/;
const END = /^\s*```/;
const PROMPT = /^\$ /;

/** Reads a page. A line with a prompt begins a command; lines that its syntax still needs belong to it, the others are output. */
export function stepsOf(page: string): Step[] {
  const lines = page.split('\n');
  const steps: Step[] = [];
  let section = '';
  for (let i = 0; i < lines.length; i++) {
    const heading = /^#+\s+(.*)$/.exec(lines[i]!);
    if (heading !== null) section = heading[1]!;
    const fence = FENCE.exec(lines[i]!);
    if (fence === null) continue;
    const begin = i + 1;
    const indent = fence[1]!.length;
    for (i = begin; i < lines.length && !END.test(lines[i]!); i++);
    const block = lines.slice(begin, i).map((line) => line.slice(indent));
    for (const step of stepsOfBlock(block, begin + 1, section)) steps.push(step);
  }
  return steps;
}

function stepsOfBlock(block: string[], firstLine: number, section: string): Step[] {
  const steps: Step[] = [];
  for (let i = 0; i < block.length; i++) {
    const line = block[i]!;
    if (!PROMPT.test(line)) {
      steps.at(-1)?.expected.push(line);
      continue;
    }
    let command = line.replace(PROMPT, '');
    const begin = i;
    while (!isComplete(command) && i + 1 < block.length) command += `\n${block[++i]!}`;
    steps.push({ line: firstLine + begin, section, command, expected: [] });
  }
  return steps.map((step) => ({ ...step, expected: trimmed(step.expected) }));
}

/** Whether bash needs no more lines. */
function isComplete(command: string): boolean {
  if (/\\$/.test(command)) return false;
  const { status, stderr } = spawnSync('bash', ['-n'], { input: `${command}\n`, encoding: 'utf8' });
  return status === 0 && !stderr.includes('here-document');
}

/** Without blank lines around. */
function trimmed(lines: string[]): string[] {
  const first = lines.findIndex((line) => line.trim() !== '');
  if (first < 0) return [];
  return lines.slice(first, lines.findLastIndex((line) => line.trim() !== '') + 1);
}
