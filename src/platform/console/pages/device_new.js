// Add a device: type and name, then the pairing key (pairing.js shows it, once).
import {post} from '../lib/api.js';
import {choice, field, form} from '../lib/form.js';
import {navigate} from '../lib/router.js';
import {page, panel, stepBar} from './kit.js';
import {issueFor} from './pairing.js';

export const STEPS = ['Device', 'Pairing key', 'Node connects', 'Approval'];

export default async function deviceNewPage(ctx) {
    const view = page(ctx, {title: 'Add a device', crumbs: [['Devices', '/devices']],
        lead: 'A quorum has three devices: repeat these steps for each of them.'});

    view.body.append(stepBar(STEPS, 0), panel({title: 'New device', narrow: true}, form({wide: true,
        fields: [
            choice({name: 'deviceType', legend: 'Device type', value: 'CLOUD', options: [
                {value: 'CLOUD', title: 'CloudSign', text: 'A node that you run, as a container or a service. It only makes outbound connections.'}]}),
            field({name: 'displayName', label: 'Name', required: true, maxlength: 50, autofocus: true, placeholder: 'Frankfurt, rack 4',
                hint: 'Something that tells the nodes apart, such as the place where it runs.'}),
        ],
        submit: 'Save and continue',
        cancel: '/devices',
        onsubmit: async (values) => {
            const device = await post('/v2/devices', {displayName: values.displayName.trim(), deviceType: values.deviceType}, {once: true});
            issueFor(device.id);
            navigate(`/devices/${device.id}/pairing`, {replace: true});
        },
    })));
}
