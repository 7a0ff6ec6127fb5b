#!/usr/bin/env node
// The `portcullis` command.
import { CommanderError } from 'commander';
import { EnvironmentError, messageOf } from '../envoy/errors.ts';
import { InputBoundError } from '../istio/bounded-yaml.ts';
import { problemText } from './colour.ts';
import { ExitCode, Failure } from './exit-codes.ts';
import { guardOutput, settleOutput } from './output.ts';
import { arrangeMeshArguments } from './mesh/arguments.ts';
import { program } from './program.ts';
import { gatherArguments } from './token-mint-arguments.ts';

async function main(argv: string[]): Promise<number> {
  try {
    const isMint = namesIn(argv).slice(0, 2).join(' ') === 'token mint';
    const given = isMint ? gatherArguments(argv) : arrangeMeshArguments(argv);
    await (await program(namesIn(given))).parseAsync(given, { from: 'user' });
    return ExitCode.Ok;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? ExitCode.Ok : ExitCode.Usage;
    if (error instanceof Failure) {
      for (const line of error.lines) {
        process.stderr.write(`${problemText(line, process.stderr)}\n`);
      }
      return error.exitCode;
    }
    process.stderr.write(`${messageOf(error)}\n`);
    if (error instanceof InputBoundError) return ExitCode.Usage;
    if (isOutOfWasmMemory(error)) {
      process.stderr.write(
        'a WebAssembly memory wants some 10 GiB of addresses, though hardly any memory: ulimit -v has fewer\n',
      );
      return ExitCode.Environment;
    }
    return error instanceof EnvironmentError ? ExitCode.Environment : ExitCode.Findings;
  }
}

function isOutOfWasmMemory(error: unknown): boolean {
  return error instanceof RangeError && error.message.includes('Cannot allocate Wasm memory');
}

/** The words that may name commands. */
function namesIn(argv: string[]): string[] {
  return argv.filter((word) => !word.startsWith('-'));
}

guardOutput();

// The system's own is asked anew at each look, and the YAML parser looks at it for every word: a fifth of its time.
process.env = { ...process.env };

// Good anywhere on the line, but behind two dashes, where another command's words begin.
const given = process.argv.slice(2);
const end = given.includes('--') ? given.indexOf('--') : given.length;
const words = given.filter((word, i) => i >= end || !/^--(no-)?color$/.test(word));
process.exitCode = await main(words);
// As soon as everything is written, whatever is still open: Node 20 has been seen to tear down the handles of a mesh without end.
process.stdout.write('', () => {
  settleOutput();
  process.stderr.write('', () => process.exit());
});
