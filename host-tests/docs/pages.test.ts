// The lines of README.md, docs/ and sdk/README.md are typed as they are printed, and print what the pages say. Pages that start Envoys:
// envoy-tests/pages.test.ts.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { EXCEPTIONS, NO_COMMANDS, REPLAYED_PAGES } from './pages/exceptions.ts';
import { isAsPrinted } from './pages/printed.ts';
import {
  PAGES,
  blocksOf,
  commandsRun,
  exceptionOf,
  readPage,
  runPage,
  startsEnvoys,
} from './pages/run-page.ts';

const commands = PAGES.flatMap((page) =>
  blocksOf(page).flatMap((block) =>
    block.commands.map((command) => ({
      block,
      command,
      exception: exceptionOf(page, command),
    })),
  ),
);

describe('the lists of what is not run', () => {
  it('name lines that are there', () => {
    const found = new Set(commands.map(({ exception }) => exception));
    expect(EXCEPTIONS.filter((entry) => !found.has(entry))).toEqual([]);
  });

  it('have none of which a page prints what comes', () => {
    const unseen = commands.filter(
      ({ block, exception }) =>
        block.printed.length > 0 && exception !== undefined && exception.instead === undefined,
    );
    expect(unseen.map(({ command }) => command)).toEqual([]);
  });

  it('name every indented block that is neither commands nor what they print, and none that is gone', () => {
    const strays = PAGES.flatMap((page) => readPage(page).strays.map((one) => ({ page, ...one })));
    const isListed = (text: string): boolean => NO_COMMANDS.some((begin) => text.startsWith(begin));
    expect(strays.filter(({ text }) => !isListed(text))).toEqual([]);
    expect(
      NO_COMMANDS.filter((begin) => !strays.some(({ text }) => text.startsWith(begin))),
    ).toEqual([]);
  });

  it('leave lines at a prompt to the replay of task pages, which names those pages', () => {
    const prompted = PAGES.filter((page) => readPage(page).prompted.length > 0);
    expect(prompted).toEqual(REPLAYED_PAGES);
    const replay = readFileSync('envoy-tests/mesh-replay.test.ts', 'utf8');
    expect(REPLAYED_PAGES.filter((page) => !replay.includes(`'${page}'`))).toEqual([]);
  });

  it('leave most lines to be run', () => {
    const run = PAGES.flatMap((page) => commandsRun(page));
    expect(run.length).toBeGreaterThan(commands.length / 2);
  });
});

describe('what a page prints', () => {
  it.each([
    [['a', 'b'], true],
    [['a'], false],
    [['b'], false],
    [['a', 'c'], false],
    [['a', 'b', 'c'], false],
    [['…', 'b'], true],
    [['a', '…'], true],
    [['…', 'a'], false],
    [['a', 'b', '…'], true],
    [['…a…', '…'], true],
    [['.', 'b'], false],
  ])('as %j is what was seen: %s', (printed, is) => {
    expect(isAsPrinted(printed, ['a', '', 'b  '])).toBe(is);
  });
});

describe.concurrent('typed line by line,', () => {
  const pages = PAGES.filter((page) => commandsRun(page).length > 0 && !startsEnvoys(page));

  it.each(pages)('%s does what it says', { timeout: 300_000 }, async (page) => {
    expect(await runPage(page)).toEqual([]);
  });
});
