// Asks for a fresh code before what is sensitive (RELIABILITY 4.3, step-up).  lib/api.js
// calls it when the server answers so, then repeats the request.
import {post, sessionIs, setStepUp} from './api.js';
import {h} from './dom.js';
import {field, formDialog} from './form.js';

let asking = null;

async function ask() {
    const answer = await formDialog({
        title: 'Confirm that it is you',
        text: h('span', null, 'This is a sensitive action. Enter the code of your authenticator to go on. ', 'Codes are good once: if you have just used one, wait for the next.'),
        fields: [field({name: 'code', label: 'Code', required: true, inputmode: 'numeric', autocomplete: 'one-time-code', maxlength: 6,
            pattern: '[0-9]{6}', autofocus: true, hint: 'Six digits from the authenticator app.'})],
        submit: 'Confirm',
        async onsubmit({code}) {
            sessionIs(await post('/v2/session/step-up', {code}, {noStepUp: true, isSignIn: true}));
            return true;
        },
    });
    return answer === true;
}

// Requests that are refused at the same time ask once.
setStepUp(() => {
    asking ??= ask().finally(() => {
        asking = null;
    });
    return asking;
});
