// Forms and dialogs.
//
//   const f = form({fields: [
//       field({name: 'displayName', label: 'Name', required: true, maxlength: 50, hint: '..'}),
//       select({name: 'blockchain', label: 'Blockchain', options: [['SOLANA', 'Solana'], ..]}),
//       checkbox({name: 'enabled', label: 'Enabled', hint: '..'}),
//       choice({name: 'type', legend: 'Type', options: [{value, title, text, disabled}]}),
//     ], submit: 'Save', cancel: '/devices' | fn, onsubmit: async (values) => ..});
//     values: {name: text | bool}.  An ApiError thrown by onsubmit goes to the fields that
//     its details name ("destinationAddress", "limits[0].qty" -> first part), the rest above.
//   dialog({title, body, actions: [{label, kind, value, run}]}) -> Promise of the value
//     (null when closed); run(close) may throw: the error stays in the dialog.
//     Native <dialog>: focus is kept inside and goes back afterwards.
//   formDialog({title, text, fields, submit, onsubmit}) -> what onsubmit returned, or null
//   confirm({title, text, action, danger}) -> true or false
import {h, replace} from './dom.js';
import {icon} from './icons.js';

let serial = 0;

export function uid(prefix = 'id') {
    return `${prefix}-${++serial}`;
}

function errorText(el, text) {
    const p = el.querySelector(':scope > .field-error');
    const control = el.querySelector('input, select, textarea');

    replace(p, text ? [icon('warn', 14), text] : null);
    p.hidden = !text;
    control?.setAttribute('aria-invalid', text ? 'true' : 'false');
}

// Puts a control into label, hint and place for an error.
function wrap({name, label, hint, optional, control, extra}) {
    const id = control.id || (control.id = uid(name));
    const hintId = `${id}-hint`, errorId = `${id}-error`;

    control.setAttribute('aria-describedby', [hint ? hintId : '', errorId].filter(Boolean).join(' '));
    const el = h('div', {class: 'field', dataset: {field: name}},
        h('label', {for: id}, label, optional ? h('span', {class: 'optional'}, 'optional') : null),
        extra ? h('div', {class: 'field-row'}, control, extra) : control,
        hint ? h('p', {class: 'hint', id: hintId}, hint) : null,
        h('p', {class: 'field-error', id: errorId, hidden: true}));
    el.control = control;
    el.read = () => control.value;
    el.error = (text) => errorText(el, text);
    return el;
}

export function field({name, label, hint, type = 'text', value = '', required = false, rows, mono = false, oninput, ...attrs}) {
    const control = rows
        ? h('textarea', {name, rows, class: mono ? 'mono' : null, required, spellcheck: 'false', oninput, ...attrs})
        : h('input', {name, type, class: mono ? 'mono' : null, required, autocomplete: attrs.autocomplete ?? 'off',
            spellcheck: 'false', oninput, ...attrs});

    control.value = value;
    return wrap({name, label, hint, optional: !required, control, extra: type === 'password' ? reveal(control) : null});
}

function reveal(input) {
    const b = h('button', {type: 'button', class: 'btn btn-icon', 'aria-label': 'Show password', 'aria-pressed': 'false', onclick() {
        const shown = input.type === 'text';
        input.type = shown ? 'password' : 'text';
        b.setAttribute('aria-pressed', String(!shown));
        replace(b, icon(shown ? 'eye' : 'eye-off'));
    }}, icon('eye'));
    return b;
}

export function select({name, label, hint, options, value, required = !options.some((o) => (Array.isArray(o) ? o[0] : o) === ''), onchange}) {
    const control = h('select', {name, required, onchange},
        options.map((o) => Array.isArray(o) ? h('option', {value: o[0]}, o[1]) : h('option', {value: o}, o)));

    if (value !== undefined) {
        control.value = value;
    }
    return wrap({name, label, hint, control});
}

export function checkbox({name, label, hint, checked = false, disabled = false, onchange}) {
    const id = uid(name);
    const control = h('input', {type: 'checkbox', id, name, checked, disabled, onchange, 'aria-describedby': hint ? `${id}-hint` : null});
    const el = h('div', {class: 'field check', dataset: {field: name}}, control,
        h('div', null, h('label', {for: id}, label), hint ? h('p', {class: 'hint', id: `${id}-hint`}, hint) : null),
        h('p', {class: 'field-error', hidden: true}));

    el.control = control;
    el.read = () => control.checked;
    el.error = (text) => errorText(el, text);
    return el;
}

// One of a few, with room to explain each; {multiple: true}: several, read() is an array.
export function choice({name, legend, hint, options, value, multiple = false, onchange}) {
    const group = uid(name);
    const has = (v) => multiple ? (value ?? []).includes(v) : value === v;
    const inputs = options.map((o) => h('input', {type: multiple ? 'checkbox' : 'radio', name: group, value: o.value, id: uid(group),
        checked: has(o.value), disabled: o.disabled ?? false, onchange}));
    const el = h('fieldset', {class: 'field choice', dataset: {field: name}},
        h('legend', null, legend),
        hint ? h('p', {class: 'hint'}, hint) : null,
        h('div', {class: 'choices'}, options.map((o, i) => h('label', {class: 'choice-item', for: inputs[i].id}, inputs[i],
            h('span', {class: 'choice-text'}, h('span', {class: 'choice-title'}, o.title ?? o.value),
                o.text ? h('span', {class: 'hint'}, o.text) : null)))),
        h('p', {class: 'field-error', hidden: true}));

    el.control = inputs[0];
    el.inputs = inputs;
    el.read = () => {
        const on = inputs.filter((i) => i.checked).map((i) => i.value);
        return multiple ? on : on[0] ?? '';
    };
    el.error = (text) => errorText(el, text);
    return el;
}

function nameOf(el) {
    return el.dataset?.field;
}

// Where did the server say the error is?  "limits[0].qty", "body.name" -> the field.
function place(fields, detail) {
    const parts = String(detail.field ?? '').split(/[.[\]]+/).filter(Boolean);
    return fields.find((f) => parts.includes(nameOf(f)));
}

function showError(fields, box, err) {
    const rest = [];
    let first = null;

    for (const d of err.details ?? []) {
        const f = place(fields, d);
        if (f) {
            f.error(sentence(d.reason));
            first ??= f;
        } else {
            rest.push(d);
        }
    }
    if (!first || rest.length > 0) {
        replace(box, icon('warn'), h('span', null, sentence(err.message)));
        box.hidden = false;
    }
    (first?.control ?? box).focus();
}

export function sentence(text) {
    const t = String(text ?? '').trim();
    return t === '' ? '' : t[0].toUpperCase() + t.slice(1) + (/[.!?]$/.test(t) ? '' : '.');
}

export function form({fields, submit = 'Save', cancel, onsubmit, wide = false, danger = false, extra}) {
    const box = h('div', {class: 'banner bad', role: 'alert', tabindex: '-1', hidden: true});
    const go = h('button', {type: 'submit', class: `btn ${danger ? 'btn-danger' : 'btn-primary'}`}, submit);
    const named = () => [...el.querySelectorAll('[data-field]')].filter((f) => typeof f.read === 'function');
    const el = h('form', {class: wide ? 'form wide' : 'form', novalidate: true, async onsubmit(event) {
        event.preventDefault();
        if (go.disabled) {
            return;
        }
        const fields_ = named();
        box.hidden = true;
        fields_.forEach((f) => f.error(''));
        const bad = fields_.find((f) => f.control && !f.control.checkValidity());
        if (bad) {
            fields_.filter((f) => f.control && !f.control.checkValidity()).forEach((f) => f.error(f.control.validationMessage));
            bad.control.focus();
            return;
        }
        busy(go, true);
        try {
            await onsubmit(Object.fromEntries(fields_.map((f) => [nameOf(f), f.read()])));
        } catch (err) {
            if (err.name !== 'AbortError') {
                showError(fields_, box, err);
            }
        } finally {
            busy(go, false);
        }
    }}, box, fields, h('div', {class: 'form-actions'}, go, cancelButton(cancel), extra));

    // What is being mended is not wrong any more.
    el.addEventListener('input', (event) => event.target.closest('[data-field]')?.error?.(''));
    el.submitButton = go;
    el.fail = (err) => showError(named(), box, err);
    return el;
}

function cancelButton(cancel) {
    if (!cancel) {
        return null;
    }
    return typeof cancel === 'function' ? h('button', {type: 'button', class: 'btn', onclick: cancel}, 'Cancel')
        : h('a', {class: 'btn', href: cancel}, 'Cancel');
}

export function busy(button, on) {
    button.disabled = on;
    button.classList.toggle('busy', on);
    button.setAttribute('aria-busy', String(on));
}

export function dialog({title, body, actions = [], wide = false, modal = true}) {
    return new Promise((resolve) => {
        const id = uid('dialog');
        const box = h('div', {class: 'banner bad', role: 'alert', hidden: true});
        let result = null;
        const close = (value) => {
            result = value;
            el.close();
        };
        const el = h('dialog', {class: wide ? 'dialog wide' : 'dialog', 'aria-labelledby': id, onclose() {
            el.remove();
            resolve(result);
        }, oncancel(event) {
            if (!modal) {
                event.preventDefault(); // has to be answered
            }
        }},
        h('div', {class: 'dialog-head'}, h('h2', {id}, title),
            modal ? h('button', {type: 'button', class: 'btn btn-icon', 'aria-label': 'Close', onclick: () => close(null)}, icon('x')) : null),
        h('div', {class: 'dialog-body'}, box, typeof body === 'function' ? body(close) : body),
        actions.length > 0 ? h('div', {class: 'dialog-foot'}, actions.map((a) => actionButton(a, close, box))) : null);
        document.body.append(el);
        el.showModal();
        el.querySelector('[autofocus], .dialog-body input, .dialog-body select, .dialog-body textarea')?.focus();
    });
}

function actionButton(a, close, box) {
    const b = h('button', {type: 'button', class: `btn ${a.kind ? `btn-${a.kind}` : ''}`, async onclick() {
        if (!a.run) {
            close(a.value ?? null);
            return;
        }
        busy(b, true);
        box.hidden = true;
        try {
            await a.run(close);
        } catch (err) {
            replace(box, icon('warn'), h('span', null, sentence(err.message)));
            box.hidden = false;
        } finally {
            busy(b, false);
        }
    }}, a.label);
    return b;
}

export function formDialog({title, text, fields, submit, onsubmit, danger = false, wide = false}) {
    return dialog({title, wide, actions: [], body: (close) => [
        text ? h('p', {class: 'lead'}, text) : null,
        form({fields, submit, danger, cancel: () => close(null), onsubmit: async (values) => close(await onsubmit(values) ?? true)}),
    ]});
}

export async function confirm({title, text, action = 'Continue', danger = false}) {
    return await dialog({title, body: typeof text === 'string' ? h('p', {class: 'lead'}, text) : text, actions: [
        {label: 'Cancel', value: false}, {label: action, kind: danger ? 'danger' : 'primary', value: true}]}) === true;
}
