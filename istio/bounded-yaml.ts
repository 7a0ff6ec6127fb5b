// YAML that is read within bounds: what a stranger sends must neither fill the memory nor keep anybody waiting.
import { type CST, Composer, type Document, Lexer, LineCounter, Parser, isScalar } from 'yaml';
import { walk } from './walk.ts';

/** Bytes of a file. */
export const MAX_FILE_BYTES = 4 * 1024 * 1024;
/** Bytes of all that a command reads at once. */
export const MAX_BYTES_IN_ALL = 8 * 1024 * 1024;
/**
 * Words, brackets and marks of all that a command reads: each takes memory and time, however short it is. 5,000 policies with sources,
 * methods, paths and conditions are some 340,000, 10,000 of the smallest 330,000.
 */
export const MAX_LEXEMES = 350_000;
/** Documents of all that a command reads. */
export const MAX_DOCUMENTS = 10_000;
export const MAX_DEPTH = 100;
export const MAX_KEYS = 10_000;

const SPACE = 0x20;

/** Something to read is more than is ever needed. The message names the file. */
export class InputBoundError extends Error {
  override name = 'InputBoundError';
}

/** What is left of the bounds on all that a command reads. */
export class InputBudget {
  lexemes: number;
  documents = MAX_DOCUMENTS;

  /** @param lexemes more than usual for who writes the text himself */
  constructor(lexemes = MAX_LEXEMES) {
    this.lexemes = lexemes;
  }
}

/** The documents of a text, and their lines. */
export interface BoundedDocuments {
  documents: Document.Parsed[];
  lines: LineCounter;
}

/**
 * Parses all documents of a text, YAML 1.2. That keys are unique is for `repeatedKeys` to say: the parser would compare each with each.
 * Throws InputBoundError.
 *
 * @param file what the text is called in messages
 * @param budget is used up; one for all texts of a command
 */
export function parseBounded(
  text: string,
  file: string,
  budget = new InputBudget(),
): BoundedDocuments {
  const lines = new LineCounter();
  const beyond = (offset: number, what: string): InputBoundError =>
    new InputBoundError(`${file}:${Math.max(1, lines.linePos(offset).line)}: ${what}`);
  if (Buffer.byteLength(text) > MAX_FILE_BYTES) throw tooLarge(file, MAX_FILE_BYTES);
  // Its errors would carry an excerpt of the text.
  const options = { version: '1.2', uniqueKeys: false, prettyErrors: false } as const;
  const composer = new Composer(options);
  const documents: Document.Parsed[] = [];
  for (const document of composer.compose(tokensOf(text, lines, beyond, budget))) {
    documents.push(document);
    if (--budget.documents < 0) {
      throw beyond(
        document.range[0],
        `more than ${MAX_DOCUMENTS} documents in all; give fewer at a time`,
      );
    }
  }
  return { documents, lines };
}

/** A file that is larger than any can be. */
export function tooLarge(file: string, maxBytes: number): InputBoundError {
  return new InputBoundError(`${file}: more than ${maxBytes / 1024 / 1024} MiB`);
}

function* tokensOf(
  text: string,
  lines: LineCounter,
  beyond: (offset: number, what: string) => InputBoundError,
  budget: InputBudget,
): Generator<CST.Token> {
  lines.addNewLine(0);
  const parser = new Parser(lines.addNewLine);
  for (const lexeme of new Lexer().lex(text)) {
    // Neither white space nor the lexer's own marks.
    if (lexeme.charCodeAt(0) > SPACE && --budget.lexemes < 0) {
      throw beyond(
        parser.offset,
        `more than ${MAX_LEXEMES} words and marks in all; give fewer at a time`,
      );
    }
    yield* parser.next(lexeme);
    if (parser.stack.length > MAX_DEPTH) {
      throw beyond(parser.offset, `nested deeper than ${MAX_DEPTH} levels`);
    }
    const top = parser.stack.at(-1);
    if (top !== undefined && isCrowded(top)) {
      throw beyond(top.offset, `an object with more than ${MAX_KEYS} fields`);
    }
  }
  yield* parser.end();
}

/** Whether an object has too many fields; what comes after the last one is no field. */
function isCrowded(token: CST.Token): boolean {
  const isMap =
    token.type === 'block-map' ||
    (token.type === 'flow-collection' && token.start.type === 'flow-map-start');
  if (!isMap || token.items.length <= MAX_KEYS) return false;
  const last = token.items.at(-1)!;
  return token.items.length > MAX_KEYS + 1 || (last.key ?? last.sep) !== undefined;
}

/** Offsets of keys that stand in an object for the second time. */
export function repeatedKeys(document: Document.Parsed): number[] {
  const repeated: number[] = [];
  walk(document.contents, {
    map: ({ items }) => {
      const seen = new Set<unknown>();
      for (const { key } of items) {
        if (!isScalar(key)) continue;
        if (seen.has(key.value)) repeated.push(key.range?.[0] ?? 0);
        seen.add(key.value);
      }
    },
  });
  return repeated;
}

/** Parses a text that is one document. Throws InputBoundError, or an Error that says what is wrong with it. */
export function parseOne(text: string, file: string): unknown {
  const { documents, lines } = parseBounded(text, file);
  const [document, another] = documents;
  const at = (offset: number): string => `line ${lines.linePos(offset).line}`;
  const fault = document?.errors[0];
  if (fault !== undefined) {
    throw new Error(`${fault.message.split('\n')[0]} (${at(fault.pos[0])})`);
  }
  if (document === undefined) return null;
  if (another !== undefined) throw new Error('holds more than one document');
  const [repeated] = repeatedKeys(document);
  if (repeated !== undefined) {
    throw new Error(`Map keys must be unique (${at(repeated)})`);
  }
  return document.toJS();
}
