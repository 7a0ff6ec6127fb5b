// `portcullis mesh logs`: what a workload has been asked, and what was decided.
import { Command, Option } from 'commander';
import { callControl } from '../../envoy/mesh/control.ts';
import { accessLogText } from './access-log-text.ts';
import { workloadNamed } from './exec.ts';
import { meshFolder, meshOption } from './place.ts';

interface LogsOptions {
  mesh: string;
  namespace?: string;
  envoy?: boolean;
  outbound?: boolean;
  output: 'text' | 'json';
}

/** `mesh logs`; by kubectl's name it shows the lines as they were written: `json`. */
export function logsCommand(output: LogsOptions['output'] = 'text'): Command {
  return new Command('logs')
    .summary("shows a proxy's access log")
    .description(
      'Shows what a workload has been asked, a line for each request: time, status, who asked, and what the module decided and why.',
    )
    .argument('<workload>', 'NAME.NAMESPACE, or a pod with -n')
    .option('-n, --namespace <namespace>', 'the namespace of a pod')
    .option('--envoy', "Envoy's own log")
    .option('--outbound', 'what the workload has asked of others')
    .option('-c, --container <name>', 'is taken: the log is that of the proxy')
    .addOption(
      new Option('-o, --output <format>', 'json: the lines as Envoy writes them, with all fields')
        .choices(['text', 'json'])
        .default(output),
    )
    .addOption(meshOption())
    .addHelpText(
      'before',
      'Examples:\n  portcullis mesh logs httpbin.foo\n  portcullis mesh logs httpbin.foo -o json\n  portcullis mesh logs httpbin.foo --envoy\n',
    )
    .action(async (workload: string, options: LogsOptions) => {
      const log = options.envoy ? 'envoy.log' : options.outbound ? 'outbound.log' : 'access.log';
      const at = workloadNamed(workload, options.namespace);
      const text = await callControl<string>(meshFolder(options.mesh), 'logs', { ...at, log });
      const asWritten = options.envoy === true || options.output === 'json';
      process.stdout.write(asWritten ? text : accessLogText(text));
    });
}
