// YAML that is read within bounds: what a stranger sends must neither fill the memory nor keep anybody waiting.
import {
  type CST,
  Composer,
  type Document,
  Lexer,
  LineCounter,
  Parser,
  isScalar,
  visit,
} from 'yaml';

/** Bytes of a file. */
export const MAX_FILE_BYTES = 4 * 1024 * 1024;
/** Bytes of all that a command reads at once. */
export const MAX_BYTES_IN_ALL = 16 * 1024 * 1024;
/** Words, brackets and marks of a text: each takes memory, however short it is. */
export const MAX_LEXEMES = 1_200_000;
export const MAX_DOCUMENTS = 20_000;
export const MAX_DEPTH = 100;
export const MAX_KEYS = 10_000;

/** Something to read is more than is ever needed. The message names the file. */
export class InputBoundError extends Error {
  override name = 'InputBoundError';
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
 */
export function parseBounded(text: string, file: string): BoundedDocuments {
  const lines = new LineCounter();
  const beyond = (offset: number, what: string): InputBoundError =>
    new InputBoundError(`${file}:${Math.max(1, lines.linePos(offset).line)}: ${what}`);
  if (Buffer.byteLength(text) > MAX_FILE_BYTES) throw tooLarge(file, MAX_FILE_BYTES);
  // Its errors would carry an excerpt of the text.
  const options = { version: '1.2', uniqueKeys: false, prettyErrors: false } as const;
  const composer = new Composer(options);
  const documents: Document.Parsed[] = [];
  for (const document of composer.compose(tokensOf(text, lines, beyond))) {
    documents.push(document);
    if (documents.length > MAX_DOCUMENTS) {
      throw beyond(document.range[0], `more than ${MAX_DOCUMENTS} documents`);
    }
    const crowded = crowdedMap(document);
    if (crowded !== undefined) throw beyond(crowded, `an object with more than ${MAX_KEYS} fields`);
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
): Generator<CST.Token> {
  lines.addNewLine(0);
  const parser = new Parser(lines.addNewLine);
  let lexemes = 0;
  for (const lexeme of new Lexer().lex(text)) {
    if (lexeme.trim() !== '' && ++lexemes > MAX_LEXEMES) {
      throw beyond(parser.offset, `more than ${MAX_LEXEMES} words and marks`);
    }
    yield* parser.next(lexeme);
    if (parser.stack.length > MAX_DEPTH) {
      throw beyond(parser.offset, `nested deeper than ${MAX_DEPTH} levels`);
    }
  }
  yield* parser.end();
}

/** Offset of an object with too many fields. */
function crowdedMap(document: Document.Parsed): number | undefined {
  let found: number | undefined;
  visit(document, {
    Map: (_key, map) => {
      if (map.items.length <= MAX_KEYS) return undefined;
      found = map.range?.[0] ?? 0;
      return visit.BREAK;
    },
  });
  return found;
}

/** Offsets of keys that stand in an object for the second time. */
export function repeatedKeys(document: Document.Parsed): number[] {
  const repeated: number[] = [];
  visit(document, {
    Map: (_key, map) => {
      const seen = new Set<unknown>();
      for (const { key } of map.items) {
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
