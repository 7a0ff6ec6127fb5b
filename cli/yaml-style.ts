/** YAML with every string quoted: nobody has to know which words YAML takes for something else. */
export const QUOTED = {
  defaultStringType: 'QUOTE_DOUBLE',
  defaultKeyType: 'PLAIN',
  lineWidth: 0,
  aliasDuplicateObjects: false,
} as const;
