// What was probably meant: in words for a message, and as data for `lint --fix`.
// (The module has the same words for its own messages: assembly/config/hint.ts.)

/** One meaning. */
export type Intent =
  /** The member belongs into the member `under` beside it; `isList`: into an element of it. */
  | { kind: 'indent'; under: string; isList: boolean }
  /** The member belongs beside an enclosing member: to the level of `to`. */
  | { kind: 'un-indent'; to: string }
  /** The member belongs elsewhere: at `path`, beside the enclosing member `beside`. */
  | { kind: 'move'; path: string; beside: string }
  /** The member has another name; `isSure`: no other name is nearly as near. */
  | { kind: 'rename'; to: string; isSure: boolean }
  /** The word is another one. */
  | { kind: 'replace'; by: string }
  /** The word is a string. */
  | { kind: 'quote' }
  /** The value is the only element of a list. */
  | { kind: 'list' };

/** As the end of a message: `; did you mean …?` */
export function inWords(intent: Intent | undefined): string {
  switch (intent?.kind) {
    case undefined:
      return '';
    case 'indent':
      return `; did you mean to indent it under "${intent.under}"?`;
    case 'un-indent':
      return `; did you mean to un-indent it, to the level of "${intent.to}"?`;
    case 'move':
      return `; did you mean "${intent.path}", beside "${intent.beside}"?`;
    case 'rename':
      return `; did you mean "${intent.to}"?`;
    case 'replace':
      return `; did you mean "${intent.by}"?`;
    case 'quote':
      return '; did you mean a string, in quotes?';
    case 'list':
      return '; did you mean a list with this one element?';
  }
}
