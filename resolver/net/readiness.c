/* readiness.py, compiled: the same functions with the same arguments and results. The tests of both are the same.
 *
 * What comes from the network is received into one buffer, as much of it as there is room for, and copied from there.
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <errno.h>
#include <limits.h>
#include <sys/epoll.h>
#include <sys/socket.h>

enum { MOST = 64, LARGEST = 65535 };

/* Whoever runs here holds the lock of the interpreter, and lets go of it only when the buffer is copied. */
static char buffer[LARGEST];

/* Receive from one socket and note what came, if anything did: -1 for an error of the interpreter. */
static int receive_from(int descriptor, PyObject *received)
{
    ssize_t size = recv(descriptor, buffer, LARGEST, MSG_DONTWAIT);
    int failed = size < 0 ? errno : 0;
    if (failed == EAGAIN || failed == EWOULDBLOCK || failed == EINTR)
        return 0;
    /* Copied first: whatever else is made here may set off the collection of garbage, and that any code. */
    PyObject *datagram = failed ? Py_NewRef(Py_None) : PyBytes_FromStringAndSize(buffer, (Py_ssize_t)size);
    PyObject *one = datagram == NULL ? NULL : Py_BuildValue("iNi", descriptor, datagram, failed);
    if (one == NULL)
        return -1;
    int appended = PyList_Append(received, one);
    Py_DECREF(one);
    return appended;
}

static PyObject *receive(PyObject *self, PyObject *const *args, Py_ssize_t number)
{
    if (number != 2)
        return PyErr_Format(PyExc_TypeError, "receive takes 2 arguments, not %zd", number);
    int epoll = PyObject_AsFileDescriptor(args[0]);
    long most = epoll < 0 ? 0 : PyLong_AsLong(args[1]);
    if (PyErr_Occurred())
        return NULL;
    if (most < 1 || most > MOST)
        return PyErr_Format(PyExc_ValueError, "from 1 to %d at once", MOST);
    struct epoll_event ready[MOST];
    int count = epoll_wait(epoll, ready, (int)most, 0);
    if (count < 0 && errno != EINTR)
        return PyErr_SetFromErrno(PyExc_OSError);
    PyObject *received = PyList_New(0);
    for (int i = 0; received != NULL && i < count; i++)
        if (receive_from(ready[i].data.fd, received) < 0)
            Py_CLEAR(received);
    return received;
}

static PyObject *send_datagram(PyObject *self, PyObject *const *args, Py_ssize_t number)
{
    if (number != 2)
        return PyErr_Format(PyExc_TypeError, "send takes 2 arguments, not %zd", number);
    long descriptor = PyLong_AsLong(args[0]);
    if (descriptor == -1 && PyErr_Occurred())
        return NULL;
    if (!PyBytes_Check(args[1]) || descriptor < 0 || descriptor > INT_MAX) {
        PyErr_SetString(PyExc_TypeError, "send takes a descriptor and bytes");
        return NULL;
    }
    ssize_t sent = send((int)descriptor, PyBytes_AS_STRING(args[1]), (size_t)PyBytes_GET_SIZE(args[1]), MSG_DONTWAIT);
    return PyLong_FromLong(sent < 0 ? errno : 0);
}

static PyMethodDef functions[] = {
    {"receive", (PyCFunction)(void (*)(void))receive, METH_FASTCALL, "Receive what is ready; see readiness.py."},
    {"send", (PyCFunction)(void (*)(void))send_datagram, METH_FASTCALL, "Send a datagram; see readiness.py."},
    {NULL, NULL, 0, NULL}};

static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "readiness", "See readiness.py.", -1, functions};

PyMODINIT_FUNC PyInit_readiness(void)
{
    return PyModule_Create(&module);
}
