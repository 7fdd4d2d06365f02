// SPDX-License-Identifier: Apache-2.0
// An SMS centre: takes every message and writes one JSON line {from, to, text} for each to the file it is given. `to` of a submit_multi is
// a list. Whenever a session ends it prints a line: how many it was asked to end by unbind, and how many ended otherwise.
// Usage: node smpp_server.js HOST PORT FILE
const fs = require('fs');
const smpp = require('smpp');

const [host, port, file] = process.argv.slice(2);
const out = fs.openSync(file, 'w');
let taken = 0;
let unbound = 0;
let broken = 0;

// What stands in short_message and in message_payload.
const textOf = (pdu) => {
  const parts = [pdu.short_message, pdu.message_payload].map((part) => part && part.message);
  return parts.map((part) => (part === undefined || Buffer.isBuffer(part) ? '' : String(part))).join('');
};
const recipientsOf = (pdu) => (pdu.dest_address ? pdu.dest_address.map((one) => one.destination_addr) : pdu.destination_addr);

const server = smpp.createServer((session) => {
  let isUnbound = false;
  const take = (pdu) => {
    taken += 1;
    fs.writeSync(out, JSON.stringify({from: pdu.source_addr, to: recipientsOf(pdu), text: textOf(pdu)}) + '\n');
    session.send(pdu.response({message_id: `m${taken}`}));
  };
  session.on('error', (error) => console.log(`error: ${error}`));
  for (const bind of ['bind_transceiver', 'bind_transmitter', 'bind_receiver']) session.on(bind, (pdu) => session.send(pdu.response()));
  session.on('submit_sm', take);
  session.on('submit_multi', take);
  session.on('enquire_link', (pdu) => session.send(pdu.response()));
  session.on('unbind', (pdu) => {
    isUnbound = true;
    session.send(pdu.response());
    session.close();
  });
  session.on('close', () => {
    unbound += isUnbound ? 1 : 0;
    broken += isUnbound ? 0 : 1;
    console.log(`sessions ended: ${unbound} by unbind, ${broken} otherwise`);
  });
});
server.listen(Number(port), host, () => console.log('ready'));
