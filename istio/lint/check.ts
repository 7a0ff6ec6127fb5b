// What a check gives.
import type { Resource } from '../load.ts';
import type { Code } from './codes.ts';
import type { Intent } from './intent.ts';
import type { World } from './world.ts';

/** Something that a check found. */
export interface Finding {
  code: Code;
  resource: Resource;
  path: string;
  message: string;
  intent?: Intent;
}

/** Looks at everything, and says what it does not like. */
export type Check = (world: World) => Finding[];
