// `debugHeaders`: the client is told what was decided, and only then.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { World, oracle } from './world.ts';

const HEADER = 'x-portcullis-decision';

describe.each([true, false])('debugHeaders: %s', (debugHeaders) => {
  let world: World;
  beforeAll(async () => {
    const { policies } = oracle('actions');
    world = await World.start({ policies, settings: { debugHeaders } });
  });
  afterAll(() => world?.stop());

  it('shows the rule that decided, or nothing', async () => {
    const paths = ['/anything/secret', '/headers', '/elsewhere'];
    const shown = [];
    for (const path of paths) shown.push((await world.ask({ path })).headers[HEADER]);
    expect(shown).toEqual(
      debugHeaders
        ? [
            'deny policy=ns[istio-system]-policy[deny]-rule[0] matched=to[0].operation.paths',
            'allow policy=ns[istio-system]-policy[allow-get]-rule[0]',
            'deny policy=none',
          ]
        : [undefined, undefined, undefined],
    );
  });
});
