package deepflow.gpu.device;

import org.bytedeco.javacpp.Pointer;

/// A number as the pointer that native functions take; owns nothing.
public final class Address extends Pointer {
    /// @param address in the device's memory, or in the host's
    public Address(long address) {
        this.address = address;
    }
}
