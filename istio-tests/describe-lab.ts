// A suite in the real Istio: with a lab of its own, or skipped with the reason.
import { afterAll, afterEach, beforeAll, describe, it } from 'vitest';
import { areBuilt, binariesFolder } from './lab/binaries.ts';
import { Lab, type LabOptions, whyNot } from './lab/lab.ts';

/** Where it is asked for (`make test-istio`), not being able to is a failure; elsewhere it is a reason to skip. */
const isWanted = process.env.CI_ISTIO === '1';
const reason =
  whyNot() ?? ((await areBuilt()) ? undefined : 'Istio is not built: make istio builds it');

/** Assertions wait: istiod, the agent and Envoy take their time. */
export const POLL = { timeout: 20_000, interval: 50 };

/** `describe`, with a lab. Its logs stay when a test has failed. */
export function describeLab(
  title: string,
  options: LabOptions,
  suite: (lab: () => Lab) => void,
): void {
  if (reason !== undefined && !isWanted) {
    it(title, ({ skip }) => skip(reason));
    return;
  }
  describe(title, () => {
    let lab: Lab | undefined;
    let hasFailed = false;
    beforeAll(async () => {
      if (reason !== undefined) throw new Error(reason);
      lab = await Lab.start(await binariesFolder(), options);
    });
    afterEach(({ task }) => {
      hasFailed ||= task.result?.state === 'fail';
    });
    afterAll(async () => {
      if (hasFailed) console.error(`logs of the lab: ${lab?.folder}`);
      await lab?.stop({ keep: hasFailed });
    });
    suite(() => {
      if (lab === undefined) throw new Error('the lab has not started');
      return lab;
    });
    it('has told istiod no about nothing', () => {
      if (lab!.rejections().length > 0) throw new Error(lab!.rejections().join('\n'));
    });
  });
}
