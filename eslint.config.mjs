import tseslint from 'typescript-eslint';

export default tseslint.config(
  // AssemblyScript is no TypeScript: the compiler and scripts/lint-assembly.mjs judge it.
  { ignores: ['build/**', '**/node_modules/**', '**/assembly/**'] },
  ...tseslint.configs.recommendedTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/explicit-function-return-type': [
        'error',
        { allowExpressions: true, allowTypedFunctionExpressions: true },
      ],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      '@typescript-eslint/prefer-promise-reject-errors': 'error',
      'no-console': ['error', { allow: ['log', 'error'] }],
      eqeqeq: 'error',
    },
  },
  {
    // The core of the Node host also runs in a browser: nothing of Node's may come in.
    files: ['host/**/*.ts'],
    ignores: ['host/node-platform.ts'],
    rules: { 'no-restricted-imports': ['error', { patterns: ['node:*'] }] },
  },
  {
    files: ['istio/**/*.ts'],
    rules: {
      'no-restricted-imports': ['error', { patterns: ['**/host/**', '**/envoy/**', '**/cli/**'] }],
    },
  },
  {
    files: ['**/*.mjs'],
    ...tseslint.configs.disableTypeChecked,
    rules: {
      ...tseslint.configs.disableTypeChecked.rules,
      '@typescript-eslint/explicit-function-return-type': 'off',
    },
  },
);
