// AssemblyScript is formatted by a plugin of its own: no other formatter parses its decorators.
export default {
  printWidth: 100,
  singleQuote: true,
  overrides: [
    // Golden cases are shown as they are, mistakes included.
    { files: ['docs/lint/*.md'], options: { embeddedLanguageFormatting: 'off' } },
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
