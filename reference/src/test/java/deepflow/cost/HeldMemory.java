package deepflow.cost;

import deepflow.tensor.Backend;
import deepflow.tensor.Storage;
import deepflow.tensor.Tensor;
import java.lang.ref.WeakReference;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.lang.reflect.RecordComponent;
import java.util.HashMap;
import java.util.Iterator;
import java.util.Map;

/// Measures the memory that a real back end's tensors hold: all that can still be reached when the garbage
/// collector has run. It runs whenever the sum might be a new maximum, by more than [#STEP]; so the maximum is
/// found to within that, whatever the collector does of its own.
final class HeldMemory implements InvocationHandler {
    private static final double STEP = 1.06;

    private final Backend inner;
    private final Map<WeakReference<Storage>, Long> held = new HashMap<>();
    private long bytes;
    private long most;

    private HeldMemory(Backend inner, long least) {
        this.inner = inner;
        this.most = least;
    }

    /// What a computation holds at most.
    interface Computation {
        void run(Backend b);
    }

    /// The largest number of bytes in tensors that were in use at a time, or `least` if it was less: each doubling on
    /// the way there would cost a dozen collections.
    static long most(Backend inner, long least, Computation computation) {
        HeldMemory held = new HeldMemory(inner, least);
        computation.run((Backend)
                Proxy.newProxyInstance(HeldMemory.class.getClassLoader(), new Class<?>[] {Backend.class}, held));
        return held.most;
    }

    @Override
    public Object invoke(Object proxy, Method method, Object[] arguments) throws Throwable {
        Object result;
        try {
            // A default method's own operations count too.
            Method implemented = inner.getClass().getMethod(method.getName(), method.getParameterTypes());
            result = implemented.getDeclaringClass().isInterface()
                    ? InvocationHandler.invokeDefault(proxy, method, arguments)
                    : implemented(implemented).invoke(inner, arguments);
        } catch (InvocationTargetException e) {
            throw e.getCause();
        }
        if (method.getName().equals("release")) {
            Storage given = ((Tensor) arguments[0]).storage();
            held.entrySet().removeIf(e -> e.getKey().refersTo(given));
        } else if (!method.getName().equals("inTypeOf")) {
            note(result);
        }
        return result;
    }

    private static Method implemented(Method method) {
        method.setAccessible(true);
        return method;
    }

    private void note(Object result) throws ReflectiveOperationException {
        if (result instanceof Tensor x) {
            long size = x.size() * x.dtype().bytes();
            held.put(new WeakReference<>(x.storage()), size);
            bytes += size;
            if (bytes > most * STEP) {
                System.gc();
                count();
                most = Math.max(most, bytes);
            }
        } else if (result instanceof Record several) {
            for (RecordComponent part : several.getClass().getRecordComponents()) {
                note(part.getAccessor().invoke(several));
            }
        }
    }

    private void count() {
        bytes = 0;
        Iterator<Map.Entry<WeakReference<Storage>, Long>> all = held.entrySet().iterator();
        while (all.hasNext()) {
            Map.Entry<WeakReference<Storage>, Long> one = all.next();
            if (one.getKey().refersTo(null)) {
                all.remove();
            } else {
                bytes += one.getValue();
            }
        }
    }
}
