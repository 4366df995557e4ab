/* gather.py, compiled: the same function with the same arguments. The replies stay where they are; who holds what is
 * returned holds them. The tests of both are the same.
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdint.h>

static PyObject *gather(PyObject *self, PyObject *const *args, Py_ssize_t number)
{
    if (number != 4)
        return PyErr_Format(PyExc_TypeError, "gather takes 4 arguments, not %zd", number);
    Py_ssize_t first = PyLong_AsSsize_t(args[1]), step = PyLong_AsSsize_t(args[2]);
    if (PyErr_Occurred())
        return NULL;
    /* A tuple of our own, which nobody can change while the kernel reads. */
    PyObject *wires = PySequence_Tuple(args[3]);
    Py_buffer words;
    if (wires == NULL)
        return NULL;
    if (PyObject_GetBuffer(args[0], &words, PyBUF_CONTIG) < 0) {
        Py_DECREF(wires);
        return NULL;
    }
    uint64_t *word = words.buf;
    Py_ssize_t places = words.len / 8, count = PyTuple_GET_SIZE(wires);
    if (first < 0 || step < 2 || (count && (first > places - 2 || count - 1 > (places - 2 - first) / step)))
        PyErr_SetString(PyExc_ValueError, "there are not so many places");
    for (Py_ssize_t i = 0; i < count && !PyErr_Occurred(); i++) {
        PyObject *wire = PyTuple_GET_ITEM(wires, i);
        if (!PyBytes_Check(wire)) {
            PyErr_SetString(PyExc_TypeError, "replies are bytes");
            break;
        }
        word[first + i * step] = (uint64_t)(uintptr_t)PyBytes_AS_STRING(wire);
        word[first + i * step + 1] = (uint64_t)PyBytes_GET_SIZE(wire);
    }
    PyBuffer_Release(&words);
    if (PyErr_Occurred())
        Py_CLEAR(wires);
    return wires;
}

static PyMethodDef functions[] = {
    {"gather", (PyCFunction)(void (*)(void))gather, METH_FASTCALL, "Point at the replies; see gather.py."},
    {NULL, NULL, 0, NULL}};

static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "gather", "See gather.py.", -1, functions};

PyMODINIT_FUNC PyInit_gather(void)
{
    return PyModule_Create(&module);
}
