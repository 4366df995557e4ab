/* refuse.py, compiled: the same function with the same arguments, results and errors. That file says what it is for; the
 * tests of both are the same.
 *
 * The octets of the queries come from the network: each is read only after it was seen to lie within its datagram, and
 * each datagram within the octets. Whatever is an index is checked against what it points into.
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdint.h>
#include <string.h>

enum { HEADER = 12, MAX_LABEL = 63, MAX_NAME = 255, BARE_OPT = 11, FIXED = 4 };
enum { QR_AND_OPCODE = 0xf8, RD = 0x01, CD = 0x10, QR = 0x80, RA_AND_SERVFAIL = 0x82 };
enum { IN = 1, OPT = 41, FIRST_OF_META = 128, LAST_OF_META = 255 };

/* The fields of Fullness and RefusalSlots, in their order. */
enum { DOMAINS, OF_CLIENT, MOST_OF_CLIENT, OF_DOMAIN, MOST_OF_DOMAIN, IN_ALL, FINISHED, KEPT, OPTS, BEGINNERS, FULLNESS };
enum { PACKET_MISSES, MESSAGE_MISSES, FULL_FOR_CLIENT, FULL_IN_ALL, FULL_FOR_DOMAIN, ANSWERS, ANSWERS_OF_OTHERS, SLOTS };

/* What there is for all of a batch, and how many more of it may take a place; nothing here is owned. */
struct batch {
    PyObject *full, *slots;
    uint64_t *page;
    Py_ssize_t places, beginners;
};

/* What is read of one query: where its name ends, its type, whether it has an OPT record and the DO bit. */
struct query {
    const unsigned char *octets;
    Py_ssize_t length, end;
    int qtype, has_opt, dnssec_ok;
    unsigned char lower[MAX_NAME];
};

/* Read a query; 0 if it is unusual in any way. */
static int read_query(struct query *query)
{
    const unsigned char *octets = query->octets;
    Py_ssize_t position = HEADER;
    if (query->length <= HEADER || octets[2] & QR_AND_OPCODE || !(octets[2] & RD))
        return 0;
    if (memcmp(octets + 4, "\0\1\0\0\0\0\0", 7) != 0 || octets[11] > 1)
        return 0;
    while (position < query->length && octets[position]) {
        Py_ssize_t next = position + 1 + octets[position];
        if (octets[position] > MAX_LABEL || next >= query->length || next >= HEADER + MAX_NAME)
            return 0;
        query->lower[position - HEADER] = octets[position];
        for (position++; position < next; position++) {
            unsigned char octet = octets[position];
            if (!octet)
                return 0;
            query->lower[position - HEADER] = octet >= 'A' && octet <= 'Z' ? octet | 0x20 : octet;
        }
    }
    if (position >= query->length)
        return 0;
    query->lower[position - HEADER] = 0;
    query->end = position + 1;
    const unsigned char *behind = octets + query->end;
    if (query->length < query->end + FIXED || behind[2] || behind[3] != IN)
        return 0;
    query->qtype = behind[0] << 8 | behind[1];
    if (query->qtype == OPT || (query->qtype >= FIRST_OF_META && query->qtype <= LAST_OF_META))
        return 0;
    query->has_opt = octets[11];
    query->dnssec_ok = 0;
    if (query->has_opt) {
        const unsigned char *opt = behind + FIXED;
        if (query->length < query->end + FIXED + BARE_OPT || memcmp(opt, "\0\0\x29", 3) != 0 || opt[6] || opt[9] || opt[10])
            return 0;
        query->dnssec_ok = opt[7] >> 7;
    }
    return 1;
}

/* Find the registered domain: a new reference, NULL without an error if it is none of those that are looked at. */
static PyObject *find_domain(const struct query *query, PyObject *domains)
{
    Py_ssize_t size = query->end - HEADER, position = 0;
    while (query->lower[position]) {
        PyObject *name = PyBytes_FromStringAndSize((const char *)query->lower + position, size - position);
        int found = name == NULL ? -1 : PySet_Contains(domains, name);
        if (found > 0)
            return name;
        Py_XDECREF(name);
        if (found < 0)
            return NULL;
        position += 1 + query->lower[position];
    }
    return NULL;
}

/* Tell whether so many wait as may: 1, 0, or -1 for an error. */
static int is_full(PyObject *waiting, PyObject *who, PyObject *most)
{
    PyObject *found = PyDict_GetItemWithError(waiting, who);
    Py_ssize_t count = found == NULL ? 0 : PyLong_AsSsize_t(found);
    Py_ssize_t bound = PyErr_Occurred() ? -1 : PyLong_AsSsize_t(most);
    return PyErr_Occurred() ? -1 : count >= bound;
}

/* Say which field of the slots a refusal counts in, 0 if there is room, -1 for an error. */
static int reason_for(PyObject *domain, PyObject *client, PyObject *full)
{
    int said = is_full(PyTuple_GET_ITEM(full, OF_CLIENT), client, PyTuple_GET_ITEM(full, MOST_OF_CLIENT));
    if (said)
        return said < 0 ? -1 : FULL_FOR_CLIENT;
    said = PyObject_IsTrue(PyTuple_GET_ITEM(full, IN_ALL));
    if (said)
        return said < 0 ? -1 : FULL_IN_ALL;
    said = is_full(PyTuple_GET_ITEM(full, OF_DOMAIN), domain, PyTuple_GET_ITEM(full, MOST_OF_DOMAIN));
    return said <= 0 ? said : FULL_FOR_DOMAIN;
}

/* Tell whether any of these dicts has a key: 1, 0, or -1 for an error. */
static int is_in_any(PyObject *dicts, PyObject *key)
{
    int found = key == NULL ? -1 : 0;
    for (Py_ssize_t i = 0; !found && i < PyTuple_GET_SIZE(dicts); i++)
        if (PyDict_GET_SIZE(PyTuple_GET_ITEM(dicts, i)))
            found = PyDict_Contains(PyTuple_GET_ITEM(dicts, i), key);
    return found;
}

static int is_kept(const struct query *query, PyObject *name, int dnssec_ok, PyObject *kept)
{
    PyObject *question = Py_BuildValue("(OiiOO)", name, query->qtype, IN, dnssec_ok ? Py_True : Py_False,
                                       query->octets[3] & CD ? Py_True : Py_False);
    int found = is_in_any(kept, question);
    Py_XDECREF(question);
    return found;
}

/* Tell whether there may be an answer, or a failure, or one on its way: 1, 0, or -1 for an error. */
static int is_at_hand(const struct query *query, PyObject *full)
{
    Py_ssize_t size = query->end - HEADER;
    PyObject *key = PyBytes_FromStringAndSize((const char *)query->octets, query->length);
    if (key == NULL)
        return -1;
    memcpy(PyBytes_AS_STRING(key) + HEADER, query->lower, size);
    int found = is_in_any(PyTuple_GET_ITEM(full, FINISHED), key);
    Py_DECREF(key);
    if (found)
        return found;
    PyObject *name = PyBytes_FromStringAndSize((const char *)query->lower, size);
    if (name == NULL)
        return -1;
    PyObject *kept = PyTuple_GET_ITEM(full, KEPT);
    found = is_kept(query, name, 0, kept);
    if (!found && query->dnssec_ok)
        found = is_kept(query, name, 1, kept);
    Py_DECREF(name);
    return found;
}

/* Add one in the place that an object is the number of. */
static int count(PyObject *slot, const struct batch *batch)
{
    Py_ssize_t place = PyLong_AsSsize_t(slot);
    if (place < 0 || place >= batch->places) {
        if (!PyErr_Occurred())
            PyErr_SetString(PyExc_IndexError, "no such place to count in");
        return -1;
    }
    batch->page[place]++;
    return 0;
}

static int count_refusal(const struct query *query, int reason, const struct batch *batch)
{
    PyObject *qtype = PyLong_FromLong(query->qtype);
    if (qtype == NULL)
        return -1;
    PyObject *answers = PyDict_GetItemWithError(PyTuple_GET_ITEM(batch->slots, ANSWERS), qtype);
    Py_DECREF(qtype);
    if (answers == NULL) {
        if (PyErr_Occurred())
            return -1;
        answers = PyTuple_GET_ITEM(batch->slots, ANSWERS_OF_OTHERS);
    }
    if (count(PyTuple_GET_ITEM(batch->slots, PACKET_MISSES), batch) < 0)
        return -1;
    if (count(PyTuple_GET_ITEM(batch->slots, MESSAGE_MISSES), batch) < 0)
        return -1;
    return count(PyTuple_GET_ITEM(batch->slots, reason), batch) < 0 ? -1 : count(answers, batch);
}

/* Write the reply less its id: flags, the counts and the question as they came, and an OPT record if one came. */
static PyObject *write_refusal(const struct query *query, PyObject *opts)
{
    PyObject *opt = PyTuple_GET_ITEM(opts, query->dnssec_ok);
    Py_ssize_t copied = query->end, more = query->has_opt ? PyBytes_GET_SIZE(opt) : 0;
    PyObject *tail = PyBytes_FromStringAndSize(NULL, 2 + copied + more);
    if (tail == NULL)
        return NULL;
    unsigned char *to = (unsigned char *)PyBytes_AS_STRING(tail);
    to[0] = QR | (query->octets[2] & RD);
    to[1] = RA_AND_SERVFAIL | (query->octets[3] & CD);
    memcpy(to + 2, query->octets + 4, copied);
    memcpy(to + 2 + copied, PyBytes_AS_STRING(opt), more);
    return tail;
}

/* Refuse one query: a new reference to its reply, NULL without an error if it is not refused here. */
static PyObject *refusal(struct query *query, PyObject *client, struct batch *batch)
{
    PyObject *full = batch->full;
    if (!read_query(query))
        return NULL;
    PyObject *domain = find_domain(query, PyTuple_GET_ITEM(full, DOMAINS));
    if (domain == NULL)
        return NULL;
    int reason = reason_for(domain, client, full);
    Py_DECREF(domain);
    if (reason < 0 || is_at_hand(query, full) != 0)
        return NULL;
    if (reason == 0) {
        if (--batch->beginners >= 0)
            return NULL;
        reason = FULL_FOR_DOMAIN;
    }
    if (count_refusal(query, reason, batch) < 0)
        return NULL;
    return write_refusal(query, PyTuple_GET_ITEM(full, OPTS));
}

/* Write a client's address as it lies in memory: a new reference, or NULL for an error. */
static PyObject *packed(PyObject *client)
{
    if (PyBytes_Check(client))
        return Py_NewRef(client);
    unsigned long address = PyLong_AsUnsignedLong(client);
    if (PyErr_Occurred())
        return NULL;
    unsigned char octets[4] = {address & 0xff, address >> 8 & 0xff, address >> 16 & 0xff, address >> 24 & 0xff};
    return PyBytes_FromStringAndSize((const char *)octets, 4);
}

/* Look at one place: a new reference to what stands there now, NULL for an error; None is not refused. */
static PyObject *look_at(PyObject *const *args, Py_ssize_t place, Py_buffer *queries, struct batch *batch)
{
    PyObject *lengths = args[2], *clients = args[3];
    Py_ssize_t stride = PyLong_AsSsize_t(args[1]);
    if (PyErr_Occurred())
        return NULL;
    if (place < 0 || stride < 1 || place >= PyList_GET_SIZE(lengths) || place >= PyList_GET_SIZE(clients) ||
        place >= PyList_GET_SIZE(args[6]) || place > queries->len / stride)
        return PyErr_Format(PyExc_IndexError, "no such place in the batch");
    struct query query;
    query.octets = (const unsigned char *)queries->buf + place * stride;
    query.length = PyLong_AsSsize_t(PyList_GET_ITEM(lengths, place));
    if (query.length < 0 || query.length > queries->len - place * stride)
        return PyErr_Occurred() ? NULL : PyErr_Format(PyExc_IndexError, "a datagram ends behind the octets");
    PyObject *client = PyList_GET_ITEM(clients, place);
    /* `replay` has looked all of them up; who is not remembered any more is not allowed here. */
    PyObject *view = PyDict_GetItemWithError(args[4], client);
    if (view != args[5] || client == Py_None)
        return PyErr_Occurred() ? NULL : Py_NewRef(Py_None);
    client = packed(client);
    if (client == NULL)
        return NULL;
    PyObject *tail = refusal(&query, client, batch);
    Py_DECREF(client);
    return tail != NULL ? tail : PyErr_Occurred() ? NULL : Py_NewRef(Py_None);
}

static PyObject *refuse_all(PyObject *const *args, Py_buffer *queries, struct batch *batch)
{
    PyObject *tails = args[6], *missing = args[7], *rest = PyList_New(0);
    for (Py_ssize_t i = 0; rest != NULL && i < PyList_GET_SIZE(missing); i++) {
        Py_ssize_t place = PyLong_AsSsize_t(PyList_GET_ITEM(missing, i));
        PyObject *tail = PyErr_Occurred() ? NULL : look_at(args, place, queries, batch);
        if (tail == NULL) {
            Py_CLEAR(rest);
        } else if (tail == Py_None) {
            if (PyList_Append(rest, PyList_GET_ITEM(missing, i)) < 0)
                Py_CLEAR(rest);
            Py_DECREF(tail);
        } else {
            PyList_SetItem(tails, place, tail);
        }
    }
    return rest;
}

static int all_are(PyObject *tuple, int (*is)(PyObject *))
{
    if (!PyTuple_Check(tuple))
        return 0;
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(tuple); i++)
        if (!is(PyTuple_GET_ITEM(tuple, i)))
            return 0;
    return 1;
}

static int is_dict(PyObject *object)
{
    return PyDict_Check(object);
}

static int is_bytes(PyObject *object)
{
    return PyBytes_Check(object);
}

/* Tell whether all is of the types that it is taken for. */
static int are_sound(PyObject *const *args)
{
    PyObject *full = args[8], *slots = args[9];
    if (!PyList_Check(args[2]) || !PyList_Check(args[3]) || !PyDict_Check(args[4]) || !PyList_Check(args[6]) ||
        !PyList_Check(args[7]) || !PyTuple_Check(full) || PyTuple_GET_SIZE(full) != FULLNESS || !PyTuple_Check(slots) ||
        PyTuple_GET_SIZE(slots) != SLOTS)
        return 0;
    return PyAnySet_Check(PyTuple_GET_ITEM(full, DOMAINS)) && is_dict(PyTuple_GET_ITEM(full, OF_CLIENT)) &&
           is_dict(PyTuple_GET_ITEM(full, OF_DOMAIN)) && all_are(PyTuple_GET_ITEM(full, FINISHED), is_dict) &&
           all_are(PyTuple_GET_ITEM(full, KEPT), is_dict) && all_are(PyTuple_GET_ITEM(full, OPTS), is_bytes) &&
           PyTuple_GET_SIZE(PyTuple_GET_ITEM(full, OPTS)) == 2 && is_dict(PyTuple_GET_ITEM(slots, ANSWERS));
}

static PyObject *refuse(PyObject *self, PyObject *const *args, Py_ssize_t number)
{
    if (number != 11)
        return PyErr_Format(PyExc_TypeError, "refuse takes 11 arguments, not %zd", number);
    if (!are_sound(args))
        return PyErr_Format(PyExc_TypeError, "not the lists, dicts and tuples that refuse takes");
    Py_buffer queries, page;
    if (PyObject_GetBuffer(args[0], &queries, PyBUF_SIMPLE) < 0)
        return NULL;
    if (PyObject_GetBuffer(args[10], &page, PyBUF_CONTIG) < 0) {
        PyBuffer_Release(&queries);
        return NULL;
    }
    Py_ssize_t beginners = PyLong_AsSsize_t(PyTuple_GET_ITEM(args[8], BEGINNERS));
    struct batch batch = {args[8], args[9], page.buf, page.len / 8, beginners};
    PyObject *rest = PyErr_Occurred() ? NULL : refuse_all(args, &queries, &batch);
    PyBuffer_Release(&page);
    PyBuffer_Release(&queries);
    return rest;
}

static PyMethodDef functions[] = {
    {"refuse", (PyCFunction)(void (*)(void))refuse, METH_FASTCALL, "Refuse for want of room; see refuse.py."},
    {NULL, NULL, 0, NULL}};

static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "refuse", "See refuse.py.", -1, functions};

PyMODINIT_FUNC PyInit_refuse(void)
{
    return PyModule_Create(&module);
}
