// A page of the documentation as its reader takes it: files to write, lines to type, and what is printed below them.
import { NO_COMMANDS } from './exceptions.ts';

/** What begins a line that is to be typed. An indented block that begins otherwise is what such lines print. */
const PROGRAM =
  /^(alias|cd|curl|docker|envoy|eval|git|helm|istioctl|kubectl|make|mkdir|node|npx|openssl|portcullis|skopeo) /;

/** A line that is to be typed; several where each but the last ends with a backslash. */
export interface Command {
  /** Line of the page, from 1. */
  line: number;
  text: string;
}

/** A file that the page gives the text of, before the commands that come next. */
interface NamedFile {
  kind: 'file';
  name: string;
  text: string;
}

/** Commands that stand together, and what the page prints of them; no lines: it says nothing. */
export interface Block {
  kind: 'commands';
  commands: Command[];
  printed: string[];
}

/** A page, in its order. */
export interface Page {
  steps: (NamedFile | Block)[];
  /** Lines of fenced blocks that are typed at a prompt. */
  prompted: Command[];
  /** First lines of indented blocks that are neither commands nor what commands before them in their section print. */
  strays: Command[];
}

/** Reads a page. Throws where a line among commands begins with no program that is known. */
export function pageOf(text: string): Page {
  const lines = text.split('\n');
  const page: Page = { steps: [], prompted: [], strays: [] };
  let block: Block | undefined;
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i]!;
    if (line.startsWith('#')) block = undefined;
    const begin = i;
    if (line.trimStart().startsWith('```')) {
      for (i++; i < lines.length && !lines[i]!.trimStart().startsWith('```'); i++);
      takeFence(page, lines.slice(begin + 1, i), begin, nameBefore(lines, begin));
    } else if (isCode(line)) {
      while (isCode(lines[i + 1] ?? '')) i++;
      block = takeIndented(page, lines.slice(begin, i + 1), begin + 1, block);
    }
  }
  return page;
}

const isCode = (line: string): boolean => /^ {4}/.test(line) && line.trim() !== '';

/** The file that a fenced block is said to be: what its paragraph begins with. */
function nameBefore(lines: string[], fence: number): string | undefined {
  const above = lines.slice(0, fence).join('\n').trimEnd();
  return /^`([\w.-]+\.(?:ts|yaml))`/.exec(above.slice(above.lastIndexOf('\n\n')).trimStart())?.[1];
}

function takeFence(page: Page, lines: string[], fence: number, name?: string): void {
  if (name !== undefined) page.steps.push({ kind: 'file', name, text: `${lines.join('\n')}\n` });
  lines.forEach((line, i) => {
    if (line.startsWith('$ ')) page.prompted.push({ line: fence + 2 + i, text: line.slice(2) });
  });
}

/** Takes indented lines, and says which block is the last one now. */
function takeIndented(page: Page, lines: string[], first: number, last?: Block): Block | undefined {
  const indent = /^ */.exec(lines[0]!)![0].length;
  const code = lines.map((line) => line.slice(indent));
  const isKnown = NO_COMMANDS.some((begin) => code[0]!.startsWith(begin));
  if (!isKnown && PROGRAM.test(`${code[0]!} `)) {
    const block: Block = { kind: 'commands', commands: commandsOf(code, first), printed: [] };
    page.steps.push(block);
    return block;
  }
  if (isKnown || last === undefined) page.strays.push({ line: first, text: code[0]! });
  else last.printed.push(...code);
  return last;
}

function commandsOf(lines: string[], first: number): Command[] {
  const commands: Command[] = [];
  lines.forEach((line, i) => {
    const before = commands.at(-1);
    if (before?.text.endsWith('\\') === true) before.text += `\n${line}`;
    else if (PROGRAM.test(line)) commands.push({ line: first + i, text: line });
    else throw new Error(`line ${first + i}: begins with no program that is known: ${line}`);
  });
  return commands;
}
