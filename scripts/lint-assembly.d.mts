export function lintText(text: string): string[];
