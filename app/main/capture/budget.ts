// SPDX-License-Identifier: GPL-2.0-only
// The memory and work that one file may cost: a fixed amount, which is ample for honest captures, and more for each byte of a
// large one. A file of a few kilobytes can claim gigabytes. It is read up to its limit, and cr3scope says that it stopped.

const MEMORY = 1 << 28;
const MEMORY_PER_BYTE = 32;
const INFLATED = 2 ** 32;
/** More than the best ratio of deflate at the level of the writer. */
const INFLATED_PER_BYTE = 512;
const STRETCHES = 1 << 23;
const STRETCHES_PER_BYTE = 8;
/** A chunk that is kept, and a value in it, beside its bytes. */
const PER_CHUNK = 512;
const PER_VALUE = 16;

export class Budget {
  private memory: number;
  private inflated: number;
  private stretches: number;

  constructor(fileSize: number) {
    this.memory = MEMORY + MEMORY_PER_BYTE * fileSize;
    this.inflated = INFLATED + INFLATED_PER_BYTE * fileSize;
    this.stretches = STRETCHES + STRETCHES_PER_BYTE * fileSize;
  }

  /** Whether so many bytes more may be inflated. */
  inflate(bytes: number): boolean {
    this.inflated -= bytes;
    return this.inflated >= 0;
  }

  /** Whether so much more of a chunk may be kept in memory: its bytes, and the values in it. */
  keep(bytes: number, values: number): boolean {
    this.memory -= bytes + values * PER_VALUE + PER_CHUNK;
    return this.memory >= 0;
  }

  /** Whether so many more stretches of pages may be visited for each request. */
  visit(stretches: number): boolean {
    this.stretches -= stretches;
    return this.stretches >= 0;
  }
}
