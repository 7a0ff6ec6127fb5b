// Images: those that are here, and those that a registry has.
import { EnvironmentError, messageOf } from '../errors.ts';
import { docker } from './docker.ts';

const RELEASED = 'envoyproxy/envoy:v1.40-latest';
/** As `make images` builds it. */
const OWN = 'portcullis/envoy';

/** Envoy's image where none is named: the released one, unless ours is here and that one is not. */
export async function usualEnvoyImage(): Promise<string> {
  return !(await isHere(RELEASED)) && (await isHere(OWN)) ? OWN : RELEASED;
}

/** Pulls an image that is not here. Throws EnvironmentError where nobody has it. */
export async function ensureImage(image: string): Promise<void> {
  if (await isHere(image)) return;
  try {
    await docker('pull', '--quiet', '--', image);
  } catch (error) {
    throw new EnvironmentError(
      `the image ${image} is not here, and cannot be pulled (${messageOf(error)}); make images builds portcullis/envoy, httpbin and sleep, --envoy-image names another for Envoy`,
    );
  }
}

function isHere(image: string): Promise<boolean> {
  return docker('image', 'inspect', '--format', '{{.Id}}', '--', image).then(
    () => true,
    () => false,
  );
}
