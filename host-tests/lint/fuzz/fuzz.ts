// Lint against the module itself: on every text, one refuses exactly what the other refuses, and neither ever falls over.
import { moduleJudge } from '../../../cli/module-judge.ts';
import { Random } from '../../../envoy-tests/random/generator.ts';
import { type LintOptions, lint } from '../../../istio/lint/lint.ts';
import { type Source, loadResources } from '../../../istio/load.ts';
import { locateErrors } from '../../../istio/module-errors.ts';
import { mutatedText, randomText } from './mutations.ts';

/** What a run has seen. */
export interface FuzzReport {
  texts: number;
  /** Refused by both, taken by both, and without any resource in them. */
  refused: number;
  taken: number;
  empty: number;
  /** Texts that one refuses and the other takes. */
  disagreements: { text: string; lint: string[]; module: string[] }[];
}

/** Texts that are linted together, and put to the module in one configuration. */
const BATCH = 250;

const judge = moduleJudge({ settings: {} }, false);
const OPTIONS: LintOptions = {
  namespace: 'default',
  mesh: { rootNamespace: 'istio-system', pathNormalization: 'BASE' },
  suppressions: [],
  judge,
};

/** Makes and judges `count` texts; what `seed` makes, it makes again. */
export async function fuzz(seed: number, count: number): Promise<FuzzReport> {
  const report: FuzzReport = { texts: 0, refused: 0, taken: 0, empty: 0, disagreements: [] };
  const random = new Random(seed);
  while (report.texts < count) {
    const sources: Source[] = [];
    for (let i = 0; i < BATCH && report.texts + i < count; i++) {
      const text = random.below(10) === 0 ? randomText(random) : mutatedText(random, `p${i}`);
      sources.push({ file: String(i), text });
    }
    await compare(sources, report);
    report.texts += sources.length;
  }
  return report;
}

async function compare(sources: Source[], report: FuzzReport): Promise<void> {
  const { problems, resources } = await lint(sources, OPTIONS);
  const byModule = await modulesErrors(sources);
  for (const source of sources) {
    // That two texts of a batch have the same name is nobody's mistake.
    const own = problems.filter(
      ({ file, level, code }) => file === source.file && level === 'error' && code !== 'PC0011',
    );
    const module = byModule.get(source.file) ?? [];
    // What is none of Istio's resources, lint passes over: there is nothing to enforce.
    if (own.length === 0 && !resources.some(({ file }) => file === source.file)) {
      report.empty++;
    } else if (own.length > 0 !== module.length > 0) {
      report.disagreements.push({
        text: source.text,
        lint: own.map(({ code, path, message }) => `${code} ${path}: ${message}`),
        module,
      });
    } else if (own.length > 0) {
      report.refused++;
    } else {
      report.taken++;
    }
  }
}

/** What the module, or the reader before it, has against each source. */
async function modulesErrors(sources: Source[]): Promise<Map<string, string[]>> {
  const errors = new Map<string, string[]>();
  const add = (file: string, message: string): void => {
    errors.set(file, [...(errors.get(file) ?? []), message]);
  };
  const loaded = loadResources(sources);
  for (const { file, message } of loaded.problems) add(file, message);
  // In pieces: the module prints the first fifty errors of a configuration.
  for (let i = 0; i < loaded.resources.length; i += 10) {
    let piece = loaded.resources.slice(i, i + 10);
    let lines = await judge(piece);
    if (lines.some((line) => !line.startsWith('config: resources['))) {
      for (const resource of piece) {
        piece = [resource];
        lines = await judge(piece);
        for (const { file, message } of locateErrors(lines, piece)) add(file, message);
      }
      continue;
    }
    for (const { file, message } of locateErrors(lines, piece)) add(file, message);
  }
  return errors;
}
