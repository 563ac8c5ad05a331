// SPDX-License-Identifier: GPL-2.0-only
// Before each file of tests.
import { makeRoomInSwap } from './swap.ts';

makeRoomInSwap();
