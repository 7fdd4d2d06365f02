// SPDX-License-Identifier: Apache-2.0
// Sends messages in one session and prints what became of each as one JSON object.
// Usage: node smpp_client.js HOST PORT FILE     FILE: JSON array of {id, from, to, text}
// At most five messages are outstanding, so that together they fit into one TCP segment and none is cut at its border.
const fs = require('fs');
const smpp = require('smpp');

const [host, port, file] = process.argv.slice(2);
const messages = JSON.parse(fs.readFileSync(file, 'utf8'));
const outstanding = 5;
const result = {statuses: {}, answers: 0, linkAnswered: false, closedEarly: false, error: ''};
let next = 0;
let open = 0;
let finished = false;

const session = smpp.connect({url: `smpp://${host}:${port}`}, () => {
  session.bind_transceiver({system_id: 'esme', password: 'secret'}, (pdu) => {
    if (pdu.command_status !== 0) return finish(`bind refused: ${pdu.command_status}`);
    sendMore();
  });
});
session.on('error', (error) => finish(String(error)));
session.on('close', () => {
  if (!finished) {
    result.closedEarly = true;
    finish('the session was closed');
  }
});
setTimeout(() => finish('timeout'), 60000).unref();

function sendMore() {
  while (open < outstanding && next < messages.length) {
    const message = messages[next++];
    open += 1;
    session.submit_sm({
      source_addr: message.from, destination_addr: message.to, short_message: message.text,
      data_coding: /^[\x20-\x7e]*$/.test(message.text) ? 1 : 8, registered_delivery: 1,
    }, (pdu) => {
      open -= 1;
      result.answers += 1;
      (result.statuses[message.id] = result.statuses[message.id] || []).push(pdu.command_status);
      sendMore();
    });
  }
  if (next === messages.length && open === 0) checkLink();
}

// The session must be as good as new.
function checkLink() {
  session.enquire_link({}, (pdu) => {
    result.linkAnswered = pdu.command_status === 0;
    session.unbind({}, () => finish(''));
  });
}

function finish(error) {
  if (finished) return;
  finished = true;
  result.error = error;
  fs.writeSync(1, JSON.stringify(result) + '\n');
  session.destroy();
  process.exit(error ? 1 : 0);
}
