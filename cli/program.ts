// The command line as a whole: every command and its place.
import { Command } from 'commander';
import { completionCommand } from './completion.ts';
import { explainCommand } from './explain.ts';
import { helpCommand } from './help.ts';
import { lintCommand } from './lint.ts';
import { meshCommand } from './mesh/command.ts';
import { packageCommand } from './package.ts';
import { renderConfigCommand } from './render-config.ts';
import { renderEnvoyCommand } from './render-envoy.ts';
import { renderWasmPluginCommand } from './render-wasmplugin.ts';
import { testCommand } from './test.ts';
import { tokenDecodeCommand } from './token-decode.ts';
import { tokenMintCommand } from './token-mint.ts';
import { tokenVerifyCommand } from './token-verify.ts';
import { packageVersion, versionCommand } from './version.ts';

const EXAMPLES = `Examples:
  portcullis render envoy -f policies.yaml --workload foo/app=httpbin \\
    --listen 127.0.0.1:8080 --upstream 127.0.0.1:8000 > envoy.yaml
  portcullis lint -R manifests
  portcullis explain -f policies.yaml --workload foo/app=httpbin --path /headers
  portcullis token mint key.pem --jwks jwks.json
`;
const RENDER_EXAMPLES = `Examples:
  portcullis render envoy -f policies.yaml --workload foo/app=httpbin \\
    --listen 127.0.0.1:8080 --upstream 127.0.0.1:8000 > envoy.yaml
  portcullis render wasmplugin -f policies.yaml -n foo --url oci://registry.example/portcullis:0.1.0
  portcullis render config -f policies.yaml
`;
const TOKEN_EXAMPLES = `Examples:
  portcullis token mint key.pem --jwks jwks.json > token.txt
  portcullis token decode token.txt
  portcullis token verify token.txt --jwks jwks.json
`;

/** `portcullis`, ready to parse. It throws commander's errors in the place of exiting. */
export function program(): Command {
  const portcullis = new Command('portcullis')
    .description("Istio's security policies on any Envoy")
    .version(packageVersion(), '-V, --version', 'the version')
    .option('--color', 'colours even where the output is no terminal')
    .option('--no-color', 'no colours, as NO_COLOR has it')
    .addHelpText('before', EXAMPLES)
    .showHelpAfterError('See portcullis --help.');
  portcullis.addCommand(
    group('render', 'configuration for Envoy and Istio', RENDER_EXAMPLES)
      .addCommand(renderEnvoyCommand())
      .addCommand(renderWasmPluginCommand())
      .addCommand(renderConfigCommand()),
  );
  portcullis.addCommand(
    group('token', 'tokens for tests', TOKEN_EXAMPLES)
      .addCommand(tokenMintCommand())
      .addCommand(tokenDecodeCommand())
      .addCommand(tokenVerifyCommand()),
  );
  portcullis.addCommand(lintCommand());
  portcullis.addCommand(explainCommand());
  portcullis.addCommand(testCommand());
  portcullis.addCommand(packageCommand());
  portcullis.addCommand(meshCommand());
  portcullis.addCommand(completionCommand(program));
  portcullis.addCommand(versionCommand());
  portcullis.addCommand(helpCommand());
  forEachCommand(portcullis, (command) => command.exitOverride());
  return portcullis;
}

function group(name: string, summary: string, examples: string): Command {
  return new Command(name).summary(summary).description(summary).addHelpText('before', examples);
}

function forEachCommand(command: Command, action: (command: Command) => void): void {
  action(command);
  for (const child of command.commands) forEachCommand(child, action);
}
