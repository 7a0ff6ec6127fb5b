// The httpbin of the container image: on the port that it is told, 80 otherwise.
import { startHttpbin } from './httpbin.ts';

await startHttpbin(Number(process.env.PORT ?? 80), '0.0.0.0');
// The first process of a container must end when it is told to.
process.on('SIGTERM', () => process.exit(0));
