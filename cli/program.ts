// The command line as a whole: every command and its place.
import { Command } from 'commander';
import { helpCommand } from './help.ts';
import { type LazyCommands, withCommands } from './lazy-commands.ts';
import { hintByBeginning } from './option-hint.ts';
import { packageVersion } from './package-version.ts';

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

/** What stands below `render`. */
const RENDER: LazyCommands = {
  envoy: async () => (await import('./render-envoy.ts')).renderEnvoyCommand(),
  wasmplugin: async () => (await import('./render-wasmplugin.ts')).renderWasmPluginCommand(),
  config: async () => (await import('./render-config.ts')).renderConfigCommand(),
};

/** What stands below `token`. */
const TOKEN: LazyCommands = {
  mint: async () => (await import('./token-mint.ts')).tokenMintCommand(),
  decode: async () => (await import('./token-decode.ts')).tokenDecodeCommand(),
  verify: async () => (await import('./token-verify.ts')).tokenVerifyCommand(),
};

/**
 * `portcullis`, ready to parse. It throws commander's errors in the place of exiting.
 *
 * @param words the words of the command line that are no options: what they name is all that is loaded. Without them, everything is.
 */
export async function program(words: readonly string[] = []): Promise<Command> {
  const below = words.slice(1);
  const portcullis = await withCommands(
    new Command('portcullis')
      .description("Istio's security policies on any Envoy")
      .version(packageVersion(), '-V, --version', 'the version')
      .option('--color', 'colours even where the output is no terminal')
      .option('--no-color', 'no colours, as NO_COLOR has it')
      .addHelpText('before', EXAMPLES)
      .showHelpAfterError('See portcullis --help.'),
    {
      render: () =>
        group('render', 'configuration for Envoy and Istio', RENDER_EXAMPLES, RENDER, below),
      token: () => group('token', 'tokens for tests', TOKEN_EXAMPLES, TOKEN, below),
      lint: async () => (await import('./lint.ts')).lintCommand(),
      explain: async () => (await import('./explain.ts')).explainCommand(),
      test: async () => (await import('./test.ts')).testCommand(),
      package: async () => (await import('./package.ts')).packageCommand(),
      mesh: async () => (await import('./mesh/command.ts')).meshCommand(below),
      completion: async () => (await import('./completion.ts')).completionCommand(program),
      version: async () => (await import('./version.ts')).versionCommand(),
    },
    words,
  );
  portcullis.addCommand(helpCommand());
  forEachCommand(portcullis, (command) => {
    command.exitOverride();
    hintByBeginning(command);
  });
  return portcullis;
}

function group(
  name: string,
  summary: string,
  examples: string,
  commands: LazyCommands,
  words: readonly string[],
): Promise<Command> {
  const command = new Command(name)
    .summary(summary)
    .description(summary)
    .addHelpText('before', examples);
  return withCommands(command, commands, words);
}

function forEachCommand(command: Command, action: (command: Command) => void): void {
  action(command);
  for (const child of command.commands) forEachCommand(child, action);
}
