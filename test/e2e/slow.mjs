// SPDX-License-Identifier: GPL-2.0-only
// A ProxyCommand of ssh to a port of this machine that takes its time: `slow.mjs PORT MS` delays each way by MS.
import { connect } from 'node:net';

const [port, delay] = process.argv.slice(2).map(Number);
const socket = connect(port, '127.0.0.1');
const later = (work) => setTimeout(work, delay);
process.stdin.on('data', (data) => later(() => socket.write(data))).on('end', () => later(() => socket.end()));
socket.on('data', (data) => later(() => process.stdout.write(data))).on('close', () => later(() => process.exit()));
socket.on('error', () => process.exit(1));
process.stdout.on('error', () => process.exit());
