// Where Istio's own pages are wrong: told apart from what this mesh does otherwise, and named in the report.
import { fixAll } from '../../istio/lint/fix-all.ts';
import { type LintOptions, lint } from '../../istio/lint/lint.ts';
import { moduleJudge } from '../module-judge.ts';
import { agrees } from './compare.ts';
import type { Step } from './page.ts';

/** A step that a page has wrong. */
export interface KnownError {
  why: string;
  /** What the page means, to be run after the page's own command; absent: nothing has to be. */
  instead?: string;
  /** What is run instead must print what the page prints. */
  mustAgree?: boolean;
}

/**
 * Why a step came otherwise than its page says, when it is the page that is wrong; undefined when it is not known to be. `earlier` are
 * the steps before it.
 */
export async function knownError(
  step: Step,
  seen: string[],
  earlier: Step[],
): Promise<KnownError | undefined> {
  return (
    (await misIndented(step, seen)) ??
    refusedAs503(step, seen) ??
    outdated(step, seen) ??
    otherWords(step, seen) ??
    forgotten(step, seen, earlier)
  );
}

const LINT: LintOptions = {
  namespace: 'default',
  mesh: { rootNamespace: 'istio-system', pathNormalization: 'BASE' },
  suppressions: [],
  judge: moduleJudge({ settings: {} }, false),
};

/** The mesh refuses a policy whose indentation is wrong; the page goes on as if it had been right. */
async function misIndented({ command }: Step, seen: string[]): Promise<KnownError | undefined> {
  if (!seen.some((line) => line.includes('did you mean to'))) return undefined;
  const heredoc = /<<\s*(['"]?)(\w+)\1[^\n]*\n([\s\S]*?)\n\2(\n|$)/.exec(command);
  if (heredoc === null) return undefined;
  const file = '-';
  const given = { file, text: heredoc[3]!, sourcesOf: (text: string) => [{ file, text }] };
  const { files, result } = await fixAll([given], (sources) => lint(sources, LINT));
  if (result.problems.some(({ level }) => level === 'error')) return undefined;
  return {
    why: 'the YAML of the page is mis-indented: refused, and applied as `portcullis lint --fix` mends it',
    instead: command.replace(heredoc[3]!, () => files[0]!.text),
  };
}

/** A sidecar that refuses plaintext resets the connection: a client without sidecar prints 000, not 503. */
function refusedAs503({ expected }: Step, seen: string[]): KnownError | undefined {
  const asSeen = expected.flatMap((line) =>
    /: 503$/.test(line)
      ? [line.replace(/503$/, '000'), 'command terminated with exit code 56']
      : [line],
  );
  if (asSeen.length === expected.length || !agrees(asSeen, seen)) return undefined;
  return { why: 'a refused plaintext connection is reset: 000 and exit code 56, not 503' };
}

/** tcpdump begins with words of its own, which depend on its version and on the interface. */
function otherWords({ command }: Step, seen: string[]): KnownError | undefined {
  const isListening =
    /\btcpdump\b/.test(command) && seen.some((line) => /^listening on/.test(line));
  return isListening ? { why: 'what tcpdump says first depends on where it runs' } : undefined;
}

/** A policy for the whole mesh is still in force, and the page goes on as if it had been deleted. */
function forgotten(step: Step, seen: string[], earlier: Step[]): KnownError | undefined {
  const isRefused = step.expected.some(
    (line) => / 200$/.test(line) && seen.includes(line.replace(/200$/, '000')),
  );
  const isMeshWide = earlier.some(
    ({ command }) =>
      /kind: "?PeerAuthentication"?/.test(command) && /namespace: "?istio-system"?/.test(command),
  );
  if (!isRefused || !isMeshWide) return undefined;
  return {
    why: 'the page forgets to delete its policy for the whole mesh before the next one',
    instead: `kubectl delete peerauthentication --all -n istio-system --ignore-not-found >/dev/null; ${step.command}`,
    mustAgree: true,
  };
}

/** Kinds of Istio before 1.5, and resources of its control plane, are in no mesh of today. */
function outdated({ command }: Step, seen: string[]): KnownError | undefined {
  const isListing = /^kubectl get /.test(command);
  const isGone = seen.some((line) => /doesn't have a resource type|No resources found/.test(line));
  if (!isListing || !isGone) return undefined;
  return { why: 'the page lists what only Istio before 1.5 had' };
}
