// The command line as a whole: every command and its place.
import { Command } from 'commander';
import { explainCommand } from './explain.ts';
import { lintCommand } from './lint.ts';
import { meshCommand } from './mesh/command.ts';
import { planned } from './planned.ts';
import { renderEnvoyCommand } from './render-envoy.ts';
import { testCommand } from './test.ts';
import { tokenMintCommand } from './token-mint.ts';

const EXAMPLES = `Examples:
  portcullis render envoy -f policies.yaml --workload foo/app=httpbin \\
    --listen 127.0.0.1:8080 --upstream 127.0.0.1:8000 > envoy.yaml
  portcullis token mint key.pem --jwks jwks.json
`;

/** `portcullis`, ready to parse. It throws commander's errors in the place of exiting. */
export function program(): Command {
  const portcullis = new Command('portcullis')
    .description("Istio's security policies on any Envoy")
    .option('--color', 'colours even where the output is no terminal; NO_COLOR turns them off')
    .addHelpText('before', EXAMPLES)
    .showHelpAfterError('See portcullis --help.');
  portcullis.addCommand(
    group('render', 'configuration for Envoy and Istio')
      .addCommand(renderEnvoyCommand())
      .addCommand(planned('wasmplugin', 'an Istio WasmPlugin'))
      .addCommand(planned('config', 'the bare plugin configuration')),
  );
  portcullis.addCommand(
    group('token', 'tokens for tests')
      .addCommand(tokenMintCommand())
      .addCommand(planned('decode', 'shows what a token says'))
      .addCommand(planned('verify', 'verifies a token with a key set')),
  );
  portcullis.addCommand(lintCommand());
  portcullis.addCommand(explainCommand());
  portcullis.addCommand(testCommand());
  portcullis.addCommand(planned('package', 'an OCI image of the module'));
  portcullis.addCommand(meshCommand());
  portcullis.addCommand(planned('completion', 'completion for bash, zsh and fish'));
  forEachCommand(portcullis, (command) => command.exitOverride());
  return portcullis;
}

function group(name: string, summary: string): Command {
  return new Command(name).summary(summary).description(summary);
}

function forEachCommand(command: Command, action: (command: Command) => void): void {
  action(command);
  for (const child of command.commands) forEachCommand(child, action);
}
