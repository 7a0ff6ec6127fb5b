// The order of test files where two run at a time: those that take minutes begin first, lest one of them be left to run alone at the end.
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/**
 * From the longest on, as they were last measured: six minutes to 40 seconds. The long ones that start meshes stand apart: an Envoy of a mesh
 * takes some six inotify instances, and Linux lets a user have 128 of them, unless it is told otherwise, as `.ci/run` does where it may.
 */
const LONG = [
  'envoy-tests/mesh-replay.test.ts',
  'envoy-tests/chaos.test.ts',
  'envoy-tests/exhaustion.test.ts',
  'envoy-tests/random.test.ts',
  'envoy-tests/rotation.test.ts',
  'host-tests/lint/fuzz.test.ts',
  'envoy-tests/tcp.test.ts',
  'envoy-tests/docker.test.ts',
  'envoy-tests/mesh.test.ts',
  'host-tests/cli/bad-input.test.ts',
  'host-tests/cli/lint.test.ts',
  'host-tests/module/memory.test.ts',
  'envoy-tests/pages.test.ts',
];

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification): number => {
      const at = LONG.findIndex((file) => moduleId.endsWith(file));
      return at < 0 ? LONG.length : at;
    };
    return (await super.sort(files)).sort((a, b) => place(a) - place(b));
  }
}
