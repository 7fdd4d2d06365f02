// SPDX-License-Identifier: Apache-2.0
// An SMS centre: takes every message and writes one JSON line for each to the file it is given.
// Usage: node smpp_server.js HOST PORT FILE
const fs = require('fs');
const smpp = require('smpp');

const [host, port, file] = process.argv.slice(2);
const out = fs.openSync(file, 'w');
let taken = 0;

const textOf = (pdu) => {
  const message = pdu.short_message && pdu.short_message.message;
  return message === undefined || Buffer.isBuffer(message) ? '' : String(message);
};

const server = smpp.createServer((session) => {
  session.on('error', () => {});
  session.on('bind_transceiver', (pdu) => session.send(pdu.response()));
  session.on('submit_sm', (pdu) => {
    taken += 1;
    fs.writeSync(out, JSON.stringify({to: pdu.destination_addr, text: textOf(pdu)}) + '\n');
    session.send(pdu.response({message_id: `m${taken}`}));
  });
  session.on('enquire_link', (pdu) => session.send(pdu.response()));
  session.on('unbind', (pdu) => {
    session.send(pdu.response());
    session.close();
  });
});
server.listen(Number(port), host, () => console.log('ready'));
