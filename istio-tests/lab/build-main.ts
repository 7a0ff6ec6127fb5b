// `make istio`: builds what the lab runs, once.
import { EnvironmentError } from '../../envoy/errors.ts';
import { areBuilt, binariesFolder, buildBinaries } from './binaries.ts';

if (!(await areBuilt())) {
  console.log(
    `istiod, pilot-agent, kube-apiserver and etcd are built once, into ${await binariesFolder()}: about 13 minutes`,
  );
  try {
    await buildBinaries();
  } catch (error) {
    if (!(error instanceof EnvironmentError)) throw error;
    console.error(error.message);
    process.exitCode = 3;
  }
}
