/* replay.py, compiled: the same functions with the same arguments, results and errors. That file says what they are for;
 * the tests of both are the same.
 *
 * Nothing here keeps anything from call to call but the names of two attributes. All that comes from the network are the
 * octets of the queries, and they are hashed and compared, never read. Whatever is an index is checked against what it
 * points into.
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdint.h>

static PyObject *ready_name, *renew_name;

/* What stands where in what is ready. */
enum { STAMP, GOOD_UNTIL, TAIL, COUNTERS, READY = COUNTERS + 2 };

/* Take what is ready of a reply: a new reference, or NULL for an error. */
static PyObject *ready_of(PyObject *finished)
{
    PyObject *ready = PyObject_GetAttr(finished, ready_name);
    if (ready != NULL && (!PyTuple_CheckExact(ready) || PyTuple_GET_SIZE(ready) != READY)) {
        PyErr_SetString(PyExc_TypeError, "what is ready is a tuple of five");
        Py_CLEAR(ready);
    }
    return ready;
}

/* Count one answer in both of its places. */
static int count(PyObject *ready, uint64_t *page, Py_ssize_t places)
{
    for (int i = COUNTERS; i < READY; i++) {
        Py_ssize_t place = PyLong_AsSsize_t(PyTuple_GET_ITEM(ready, i));
        if (place < 0 || place >= places) {
            if (!PyErr_Occurred())
                PyErr_SetString(PyExc_IndexError, "no such place to count in");
            return -1;
        }
        page[place]++;
    }
    return 0;
}

/* Tell whether a reply may leave: 1, 0, or -1 for an error. If it had to be made right for this moment, so is *ready. */
static int is_right(PyObject *finished, PyObject **ready, PyObject *stamp, double now, PyObject *boxed_now)
{
    if (PyTuple_GET_ITEM(*ready, STAMP) != stamp)
        return 0;
    double until = PyFloat_AsDouble(PyTuple_GET_ITEM(*ready, GOOD_UNTIL));
    if (until == -1.0 && PyErr_Occurred())
        return -1;
    if (now < until)
        return 1;
    PyObject *said = PyObject_CallMethodOneArg(finished, renew_name, boxed_now);
    if (said == NULL)
        return -1;
    int renewed = PyObject_IsTrue(said);
    Py_DECREF(said);
    if (renewed > 0) {
        Py_SETREF(*ready, ready_of(finished));
        if (*ready == NULL)
            return -1;
    }
    return renewed;
}

/* Find the reply for one datagram: a new reference to it, to None if there is none, or NULL for an error. */
static PyObject *find(const char *datagram, Py_ssize_t length, PyObject *young, PyObject *stamp, double now,
                      PyObject *boxed_now, Py_buffer *page)
{
    PyObject *key = PyBytes_FromStringAndSize(datagram, length);
    if (key == NULL)
        return NULL;
    PyObject *finished = PyDict_GetItemWithError(young, key);
    Py_DECREF(key);
    if (finished == NULL) {
        if (PyErr_Occurred())
            return NULL;
        Py_RETURN_NONE;
    }
    Py_INCREF(finished);
    PyObject *tail = NULL, *ready = ready_of(finished);
    int right = ready == NULL ? -1 : is_right(finished, &ready, stamp, now, boxed_now);
    if (right == 0)
        tail = Py_NewRef(Py_None);
    else if (right > 0 && count(ready, page->buf, page->len / 8) == 0)
        tail = Py_NewRef(PyTuple_GET_ITEM(ready, TAIL));
    Py_XDECREF(ready);
    Py_DECREF(finished);
    return tail;
}

/* Look a client's view up, where it is remembered without running any code: a new reference, or NULL for an error. */
static PyObject *view_of(PyObject *views, PyObject *client)
{
    PyObject *view = PyDict_GetItemWithError(views, client);
    if (view != NULL)
        return Py_NewRef(view);
    return PyErr_Occurred() ? NULL : PyObject_GetItem(views, client);
}

static PyObject *find_all(PyObject *const *args, Py_buffer *queries, Py_buffer *page)
{
    PyObject *lengths = args[2], *clients = args[3], *views = args[4], *allowed = args[5], *young = args[6];
    Py_ssize_t stride = PyLong_AsSsize_t(args[1]);
    double now = PyFloat_AsDouble(args[8]);
    if (PyErr_Occurred())
        return NULL;
    Py_ssize_t datagrams = Py_MIN(PyList_GET_SIZE(lengths), PyList_GET_SIZE(clients));
    PyObject *tails = PyList_New(0), *missing = PyList_New(0);
    if (tails == NULL || missing == NULL)
        goto failed;
    for (Py_ssize_t i = 0; i < datagrams; i++) {
        /* Looking a client up may run Python code, so sizes are looked at anew, and its length is read before that. */
        if (i >= PyList_GET_SIZE(lengths) || i >= PyList_GET_SIZE(clients))
            break;
        Py_ssize_t length = PyLong_AsSsize_t(PyList_GET_ITEM(lengths, i));
        if (length < 0 && PyErr_Occurred())
            goto failed;
        PyObject *client = Py_NewRef(PyList_GET_ITEM(clients, i));
        PyObject *view = view_of(views, client);
        Py_DECREF(client);
        if (view == NULL)
            goto failed;
        int is_allowed = view == allowed;
        Py_DECREF(view);
        PyObject *tail;
        if (is_allowed) {
            if (length < 0 || stride < 0 || length > queries->len - i * stride) {
                PyErr_SetString(PyExc_IndexError, "a datagram ends behind the octets");
                goto failed;
            }
            tail = find((const char *)queries->buf + i * stride, length, young, args[7], now, args[8], page);
            if (tail == NULL)
                goto failed;
        } else {
            tail = Py_NewRef(Py_None);
        }
        int failed = PyList_Append(tails, tail);
        if (tail == Py_None && !failed) {
            PyObject *place = PyLong_FromSsize_t(i);
            failed = place == NULL || PyList_Append(missing, place) < 0;
            Py_XDECREF(place);
        }
        Py_DECREF(tail);
        if (failed)
            goto failed;
    }
    PyObject *both = PyTuple_Pack(2, tails, missing);
    Py_DECREF(tails);
    Py_DECREF(missing);
    return both;
failed:
    Py_XDECREF(tails);
    Py_XDECREF(missing);
    return NULL;
}

static PyObject *replay(PyObject *self, PyObject *const *args, Py_ssize_t number)
{
    if (number != 10)
        return PyErr_Format(PyExc_TypeError, "replay takes 10 arguments, not %zd", number);
    if (!PyList_Check(args[2]) || !PyList_Check(args[3]) || !PyDict_Check(args[4]) || !PyDict_Check(args[6])) {
        PyErr_SetString(PyExc_TypeError, "lengths and clients are lists, views and young are dicts");
        return NULL;
    }
    Py_buffer queries, page;
    if (PyObject_GetBuffer(args[0], &queries, PyBUF_SIMPLE) < 0)
        return NULL;
    if (PyObject_GetBuffer(args[9], &page, PyBUF_CONTIG) < 0) {
        PyBuffer_Release(&queries);
        return NULL;
    }
    PyObject *found = find_all(args, &queries, &page);
    PyBuffer_Release(&page);
    PyBuffer_Release(&queries);
    return found;
}

static PyObject *aged(PyObject *self, PyObject *const *args, Py_ssize_t number)
{
    if (number != 4 || !PyBytes_Check(args[0]) || !PyTuple_Check(args[1]) || !PyTuple_Check(args[2])) {
        PyErr_SetString(PyExc_TypeError, "aged takes octets, two tuples and a number");
        return NULL;
    }
    Py_ssize_t size = PyBytes_GET_SIZE(args[0]);
    Py_ssize_t records = Py_MIN(PyTuple_GET_SIZE(args[1]), PyTuple_GET_SIZE(args[2]));
    long long age = PyLong_AsLongLong(args[3]);
    if (age == -1 && PyErr_Occurred())
        return NULL;
    PyObject *written = PyBytes_FromStringAndSize(PyBytes_AS_STRING(args[0]), size);
    if (written == NULL)
        return NULL;
    for (Py_ssize_t i = 0; i < records; i++) {
        Py_ssize_t offset = PyLong_AsSsize_t(PyTuple_GET_ITEM(args[1], i));
        long long ttl = PyLong_AsLongLong(PyTuple_GET_ITEM(args[2], i));
        long long left = ttl > age ? ttl - age : 0;
        if (offset < 0 || offset > size - 4 || left > 0xffffffffLL) {
            if (!PyErr_Occurred())
                PyErr_SetString(PyExc_IndexError, "no TTL stands there");
            Py_DECREF(written);
            return NULL;
        }
        unsigned char *at = (unsigned char *)PyBytes_AS_STRING(written) + offset;
        for (int octet = 3; octet >= 0; octet--, left >>= 8)
            at[octet] = (unsigned char)left;
    }
    return written;
}

static PyMethodDef functions[] = {
    {"replay", (PyCFunction)(void (*)(void))replay, METH_FASTCALL, "Find the replies at hand; see replay.py."},
    {"aged", (PyCFunction)(void (*)(void))aged, METH_FASTCALL, "Count TTLs down; see replay.py."},
    {NULL, NULL, 0, NULL}};

static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "replay", "See replay.py.", -1, functions};

PyMODINIT_FUNC PyInit_replay(void)
{
    ready_name = PyUnicode_InternFromString("ready");
    renew_name = PyUnicode_InternFromString("renew");
    if (ready_name == NULL || renew_name == NULL)
        return NULL;
    return PyModule_Create(&module);
}
