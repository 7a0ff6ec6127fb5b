// Policies that change all the time, well and badly.
import { setTimeout as sleep } from 'node:timers/promises';
import { type Misfortune, misfortune, policies } from './bed.ts';

const wrong = [
  (text: string) => text.replace('"DENY"', '"DENIED"'),
  (text: string) => text.replace('"paths"', '"path"'),
  (text: string) => text.replace('127.0.0.0/8', '127.0.0.0/33'),
  (text: string) => text.replace('"jwksUri":"https', '"jwksUri":"ftp'),
];

const churn = misfortune(
  'policies change all the time, well and badly',
  async (world, watch, { lasting }) => {
    let salt = 0;
    for (const end = performance.now() + 4 * lasting; performance.now() < end; salt++) {
      const path = `/p${salt}`;
      const good = await world.apply(policies(path.slice(1)));
      watch.expect(good.accepted, 'a good configuration is refused');
      const status = await world.status({ path });
      watch.expect(status === 403, `the path of the policy in force: ${status}`);
      const text = wrong[salt % wrong.length]!(policies('wrong'));
      const bad = await world.envoy.apply(...world.pluginsFor(text));
      watch.expect(!bad.accepted, 'a wrong configuration is taken');
      watch.expect((await world.status({ path })) === 403, 'the policy in force is gone');
      watch.expect((await world.status({ path: '/wrong' })) === 404, 'a wrong policy is in force');
    }
    await sleep(100);
    return watch.recovery();
  },
);

export const CHURN_MISFORTUNES: Misfortune[] = [churn];
