// SPDX-License-Identifier: GPL-2.0-only
// Whether the dialog about shared frames is open.
import { create } from 'zustand';

export const useSharing = create<{ readonly open: boolean }>(() => ({ open: false }));

export const setSharing = (open: boolean): void => useSharing.setState({ open });
