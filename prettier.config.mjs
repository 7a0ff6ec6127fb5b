// AssemblyScript is formatted by a plugin of its own: no other formatter parses its decorators.
export default {
  printWidth: 100,
  singleQuote: true,
  overrides: [
    {
      files: [
        'assembly/**/*.ts',
        'sdk/assembly/**/*.ts',
        'sdk/example/**/*.ts',
        '**/assembly/**/*.ts',
      ],
      options: { plugins: ['assemblyscript-prettier'], singleQuote: false },
    },
  ],
};
