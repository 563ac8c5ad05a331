// SPDX-License-Identifier: GPL-2.0-only
// The words that the core, the window, reports and captures share: one row each, and nothing about a word is said elsewhere.
// scripts/vocabulary.ts makes the enumerations of the core and the colours of the window from them.
import { z } from 'zod';

export interface Word {
  /**
   * What stands for the word in captures and between the core and the window. A word keeps its code for ever: a new one
   * takes the next code.
   */
  readonly code: number;
  /** As it is shown everywhere. */
  readonly label: string;
  /** A sentence that explains it. */
  readonly meaning: string;
}
/** A word that takes its colour from another vocabulary or the theme. */
export interface TintedWord extends Word {
  /** The CSS variable of app/renderer/styles/tokens.css. */
  readonly tint: `--${string}`;
}
export interface ColouredWord extends Word {
  /** CSS colours on a light and on a dark ground. */
  readonly light: string;
  readonly dark: string;
}

/** Stands for a word that this version does not know: a newer one wrote the capture. */
export type UnknownWord = `unknown ${string}`;

export class Vocabulary<N extends string, W extends Word = Word> {
  /** By code. */
  readonly names: readonly N[];
  readonly noun: string;
  private readonly words: Readonly<Record<N, W>>;

  // Without parameter properties: Node runs the programs of test/guest as they are, with types removed.
  constructor(noun: string, words: Readonly<Record<N, W>>) {
    this.noun = noun;
    this.words = words;
    this.names = (Object.keys(words) as N[]).sort((a, b) => words[a].code - words[b].code);
    if (this.names.some((name, code) => words[name].code !== code)) throw new Error(`codes of ${noun}s have a gap`);
  }

  code(name: N): number {
    return this.words[name].code;
  }

  /** The name of a code. */
  name(code: number): N | UnknownWord {
    return this.names[code] ?? `unknown ${this.noun} ${code}`;
  }

  word(name: N): W {
    return this.words[name];
  }

  /** Of a name, known or not. */
  label(name: N | UnknownWord): string {
    return this.known(name)?.label ?? name;
  }

  meaning(name: N | UnknownWord): string {
    return (
      this.known(name)?.meaning ?? `A newer version of cr3scope wrote this; this one does not know the ${this.noun}.`
    );
  }

  /** Of documents: a name, or one that says which code was not known. */
  get schema() {
    return z.union([
      z.enum(this.names),
      z.templateLiteral([`unknown ${this.noun} `, z.string().regex(/^\d+$/)]) as z.ZodType<UnknownWord>,
    ]);
  }

  private known(name: string): W | undefined {
    return Object.hasOwn(this.words, name) ? this.words[name as N] : undefined;
  }
}
